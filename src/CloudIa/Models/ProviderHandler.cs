using System.Net;
using CloudIa.Core.Model;

namespace CloudIa.Models;

/// <summary>
/// Between a provider's SDK and its HTTP: says failed calls in our kinds, whatever the SDK would make of them.
/// </summary>
internal sealed class ProviderHandler(TimeProvider time) : DelegatingHandler(new SocketsHttpHandler
{
    // DNS changes are seen, and a provider's idle connections do not grow old.
    PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    EnableMultipleHttp2Connections = true,
})
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException error)
        {
            throw new ModelCallException(new ModelFailure(ModelFailureKind.Unreachable, $"the connection failed: {error.HttpRequestError}"), error);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var status = (int)response.StatusCode;
            throw new ModelCallException(new ModelFailure(KindOf(response.StatusCode), $"HTTP {status}", RetryAfter(response)), null);
        }
    }

    private static ModelFailureKind KindOf(HttpStatusCode status) => (int)status switch
    {
        429 => ModelFailureKind.Throttled,
        408 or 504 => ModelFailureKind.Timeout,
        401 or 403 => ModelFailureKind.BadCredentials,

        // 529 is Anthropic's "overloaded". A 500 may be the prompt's own doing.
        502 or 503 or 529 => ModelFailureKind.Overloaded,
        >= 500 => ModelFailureKind.Faulted,
        _ => ModelFailureKind.BadRequest,
    };

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var header = response.Headers.RetryAfter;
        return header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);
    }
}
