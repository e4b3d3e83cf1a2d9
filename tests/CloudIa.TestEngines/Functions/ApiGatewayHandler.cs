namespace CloudIa.TestEngines.Functions;

/// <summary>Sends a client's requests to a function, as API Gateway does: the client's address is of no matter.</summary>
public sealed class ApiGatewayHandler(RuntimeApi runtime) : HttpMessageHandler
{
    /// <summary>What a function may take, as for API Gateway, whose own patience is 30 s.</summary>
    private static readonly TimeSpan Given = TimeSpan.FromSeconds(29);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var json = await ApiGatewayEvents.OfAsync(request);
        var response = ApiGatewayEvents.Read(await runtime.InvokeAsync(json, TimeProvider.System.GetUtcNow() + Given).WaitAsync(cancellationToken));
        response.RequestMessage = request;
        return response;
    }
}
