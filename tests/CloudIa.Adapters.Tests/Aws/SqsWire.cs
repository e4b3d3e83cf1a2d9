using System.Collections.Concurrent;
using Amazon.Runtime;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>The HTTP between a client and SQS: counts the calls by their action, and lets some of them fail.</summary>
internal sealed class SqsWire : HttpClientFactory
{
    // Connections are shared by all tests.
    private static readonly SocketsHttpHandler Sockets = new();

    private readonly ConcurrentDictionary<string, int> calls = new();

    /// <summary>The action that does not reach the engine.</summary>
    public string? Cut { get; set; }

    /// <summary>The engine's answers to receives wait on the wire for this.</summary>
    public Task ReceivesArrive { get; set; } = Task.CompletedTask;

    public int Total => calls.Values.Sum();

    public int Of(string action) => calls.GetValueOrDefault(action);

    public void Forget() => calls.Clear();

    public override string ToString() => string.Join(", ", calls.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key} {one.Value}"));

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(new Counting(this), disposeHandler: false);

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    private sealed class Counting(SqsWire wire) : DelegatingHandler(Sockets)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var action = request.Headers.GetValues("X-Amz-Target").Single().Split('.')[^1];
            wire.calls.AddOrUpdate(action, 1, (_, count) => count + 1);
            if (action == wire.Cut)
            {
                throw new HttpRequestException("the wire is cut");
            }

            var answer = await base.SendAsync(request, cancellationToken);
            if (action == "ReceiveMessage")
            {
                await wire.ReceivesArrive.WaitAsync(cancellationToken);
            }

            return answer;
        }
    }
}
