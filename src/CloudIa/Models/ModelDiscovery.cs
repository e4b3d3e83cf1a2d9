using System.Text.Json;
using System.Text.Json.Serialization;
using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;

namespace CloudIa.Models;

/// <summary>Finds models where none is configured: by the usual keys, else an Ollama on this machine, else the demo.</summary>
internal sealed class ModelDiscovery(IConfiguration environment)
{
    private const string Ollama = "http://localhost:11434";

    /// <summary>An Ollama that is there answers in milliseconds; the program's start must not wait for one that is not.</summary>
    private static readonly TimeSpan OllamaPatience = TimeSpan.FromMilliseconds(300);

    public async Task<IReadOnlyList<ModelOptions>> FindAsync(CancellationToken cancellation)
    {
        var found = FindByKeys();
        if (found.Count == 0)
        {
            found.AddRange(await FindOllamaAsync(cancellation));
        }

        return OrDemo(found);
    }

    /// <summary>Without a look at the network.</summary>
    public IReadOnlyList<ModelOptions> FindAtHand() => OrDemo(FindByKeys());

    private List<ModelOptions> FindByKeys()
    {
        var found = new List<ModelOptions>();
        if (environment["OPENAI_API_KEY"] is { Length: > 0 } openAiKey)
        {
            found.Add(new ModelOptions
            {
                Name = environment["OPENAI_MODEL"] ?? "gpt-4.1-mini",
                Provider = "openai",
                ApiKey = openAiKey,
                Endpoint = environment["OPENAI_BASE_URL"] ?? "",
            });
        }

        if (environment["ANTHROPIC_API_KEY"] is { Length: > 0 } anthropicKey)
        {
            found.Add(new ModelOptions
            {
                Name = environment["ANTHROPIC_MODEL"] ?? "claude-haiku-4-5",
                Provider = "anthropic",
                ApiKey = anthropicKey,
                Endpoint = environment["ANTHROPIC_BASE_URL"] ?? "",
                ContextTokens = 200_000,
            });
        }

        return found;
    }

    private static List<ModelOptions> OrDemo(List<ModelOptions> found) =>
        found.Count > 0 ? found : [new ModelOptions { Name = "demo", Provider = "demo" }];

    private static async Task<IEnumerable<ModelOptions>> FindOllamaAsync(CancellationToken cancellation)
    {
        try
        {
            using var client = new HttpClient { Timeout = OllamaPatience };
            var tags = JsonSerializer.Deserialize(await client.GetStringAsync(new Uri($"{Ollama}/api/tags"), cancellation), OllamaJson.Default.OllamaTags);

            // Ollama's own default window is small, and it cuts a longer prompt without a word.
            return (tags?.Models ?? []).Select(model => new ModelOptions
            {
                Name = model.Name,
                Provider = "ollama",
                ContextTokens = 4096,
                MaxOutputTokens = 1024,
                FirstTokenSeconds = 60,
                Breaker = new BreakerOptions { SamplingSeconds = 120 },
            });
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or JsonException && !cancellation.IsCancellationRequested)
        {
            return [];
        }
    }
}

/// <summary>Ollama's list of models.</summary>
internal sealed record OllamaTags(IReadOnlyList<OllamaModel>? Models);

internal sealed record OllamaModel(string Name);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OllamaTags))]
internal sealed partial class OllamaJson : JsonSerializerContext;
