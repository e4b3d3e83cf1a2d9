using System.Net.Http.Headers;
using CloudIa.Aws.Secrets;
using CloudIa.Core.Model;

namespace CloudIa.Models;

/// <summary>Shows a provider the key that Parameter Store has now, whatever its SDK was made with.</summary>
internal sealed class StoredKeyHandler(StoredSecret key, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string AnthropicHeader = "x-api-key";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var used = key.Value;
        if (request.Headers.Remove(AnthropicHeader))
        {
            request.Headers.Add(AnthropicHeader, used);
        }
        else
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", used);
        }

        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (ModelCallException error) when (error.Failure.Kind == ModelFailureKind.BadCredentials)
        {
            // A key that was exchanged is refused until it is read again: that is no fault of the job's.
            if (await key.RenewAsync(used, cancellationToken))
            {
                throw new ModelCallException(new ModelFailure(ModelFailureKind.Overloaded, "the key had been exchanged"), error);
            }

            throw;
        }
    }
}
