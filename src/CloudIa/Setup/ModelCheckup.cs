using System.Net;
using CloudIa.Core.Health;
using CloudIa.Core.Model;
using CloudIa.Models;

namespace CloudIa.Setup;

/// <summary>Asks a model's provider for its list of models: that needs the key, and costs nothing.</summary>
internal static class ModelCheckup
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static async Task<Finding> LookAsync(ModelOptions model, string key, CancellationToken cancellation)
    {
        var part = $"model {model.Name}";
        if (model.Provider == "demo")
        {
            return new Finding(part, "the built-in demo; for a real one set OPENAI_API_KEY or ANTHROPIC_API_KEY, or start Ollama");
        }

        using var http = new HttpClient { Timeout = Patience };
        using var request = Request(model, key);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            return (int)response.StatusCode switch
            {
                // Not every server that speaks the protocol has a list.
                < 400 or (int)HttpStatusCode.NotFound => new Finding(part, $"{model.Provider} at {request.RequestUri!.Host} answers"),
                401 or 403 => new Finding(part, $"{request.RequestUri!.Host} refuses the key (HTTP {(int)response.StatusCode})", "set another key"),
                var status => new Finding(part, $"{request.RequestUri!.Host} answers HTTP {status}", "try again later, or look at the provider's status page"),
            };
        }
        catch (Exception error) when (error is HttpRequestException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new Finding(part, $"{request.RequestUri!.Host} cannot be reached", "check the network and the model's Endpoint");
        }
    }

    private static HttpRequestMessage Request(ModelOptions model, string key)
    {
        var anthropic = model.Provider == "anthropic";
        var root = (model.Endpoint.Length > 0 ? model.Endpoint : ModelFactory.EndpointOf(model.Provider)).TrimEnd('/');
        var request = new HttpRequestMessage(HttpMethod.Get, anthropic ? $"{root}/v1/models" : $"{root}/models");
        if (anthropic)
        {
            request.Headers.Add("x-api-key", key);
            request.Headers.Add("anthropic-version", "2023-06-01");
        }
        else if (key.Length > 0)
        {
            request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", key);
        }

        return request;
    }
}
