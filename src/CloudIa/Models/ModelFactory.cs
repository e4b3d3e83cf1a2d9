using System.ClientModel;
using System.ClientModel.Primitives;
using System.Runtime.CompilerServices;
using Anthropic;
using Anthropic.Core;
using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using CloudIa.Settings;
using Microsoft.Extensions.AI;
using OpenAI;

namespace CloudIa.Models;

/// <summary>Makes the client of a configured model. The SDKs' own retries are off: retrying is ours, in one place.</summary>
internal sealed class ModelFactory(SecretSettings secrets, TimeProvider time)
{
    private const string OllamaEndpoint = "http://localhost:11434/v1";

    /// <summary>Where a provider is when the settings do not say.</summary>
    public static string EndpointOf(string provider) => provider switch
    {
        "ollama" => OllamaEndpoint,
        "anthropic" => "https://api.anthropic.com",
        _ => "https://api.openai.com/v1",
    };

    public CatalogModel Create(ModelOptions options) => new(options, ClientOf(options), TokenCounting.Count, new ModelGate(options, time));

    private IChatClient ClientOf(ModelOptions options)
    {
        var model = options.Model.Length > 0 ? options.Model : options.Name;
        return options.Provider switch
        {
            "openai" => new ProviderErrors(OpenAi(options, model, options.Endpoint)),
            "ollama" => new ProviderErrors(OpenAi(options, model, options.Endpoint.Length > 0 ? options.Endpoint : OllamaEndpoint)),
            "anthropic" when RuntimeFeature.IsDynamicCodeSupported => new ProviderErrors(Claude(options, model)),
            "anthropic" => throw new SettingsException([NotNative(options)]),
            _ => new DemoChatClient(time),
        };
    }

    // Anthropic's SDK needs reflection that native code does not have (docs/adr/0001). Said at the start, not at the first message.
    private static string NotNative(ModelOptions options) =>
        $"The model '{options.Name}' is Anthropic's, whose SDK does not run in the native program; start cloudia from its sources or its build.";

    private IChatClient OpenAi(ModelOptions options, string model, string endpoint)
    {
        var client = new OpenAIClientOptions
        {
            Transport = new HttpClientPipelineTransport(HttpClientOf(options)),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = TimeSpan.FromSeconds(options.TotalSeconds),
        };
        if (endpoint.Length > 0)
        {
            client.Endpoint = new Uri(endpoint);
        }

        // Servers that need no key still get a header: the SDK sends none without one.
        var key = new ApiKeyCredential(secrets.Plain(options.ApiKey) is { Length: > 0 } given ? given : "none");
        return new OpenAIClient(key, client).GetChatClient(model).AsIChatClient();
    }

    private IChatClient Claude(ModelOptions options, string model)
    {
        var client = new ClientOptions
        {
            ApiKey = secrets.Plain(options.ApiKey),
            HttpClient = HttpClientOf(options),
            MaxRetries = 0,
            Timeout = TimeSpan.FromSeconds(options.TotalSeconds),
        };
        if (options.Endpoint.Length > 0)
        {
            client.BaseUrl = options.Endpoint;
        }

        return new AnthropicClient(client).AsIChatClient(model, options.MaxOutputTokens);
    }

    // One a model, for the life of the program; time limits are Generation's.
    private HttpClient HttpClientOf(ModelOptions options) =>
        new(secrets.Find(options.ApiKey) is { } key ? new StoredKeyHandler(key, new ProviderHandler(time)) : new ProviderHandler(time)) { Timeout = Timeout.InfiniteTimeSpan };
}
