using CloudIa.Core.Model.Resilience;

namespace CloudIa.Core.Model;

/// <summary>One model that the service may answer with.</summary>
public sealed class ModelOptions
{
    /// <summary>What requests call it; unique.</summary>
    public string Name { get; set; } = "";

    /// <summary>openai (and whatever speaks its protocol) · anthropic · ollama · demo.</summary>
    public string Provider { get; set; } = "";

    /// <summary>What the provider calls it; empty: as <see cref="Name"/>.</summary>
    public string Model { get; set; } = "";

    /// <summary>The provider's base address; empty: the provider's own.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>Never written to a log.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>The window: prompt and answer together, in tokens.</summary>
    public int ContextTokens { get; set; } = 128_000;

    /// <summary>The longest answer asked for, in tokens.</summary>
    public int MaxOutputTokens { get; set; } = 4_096;

    /// <summary>Seconds until the first token.</summary>
    public int FirstTokenSeconds { get; set; } = 10;

    /// <summary>Seconds of silence between two tokens.</summary>
    public int SilenceSeconds { get; set; } = 10;

    /// <summary>Seconds for the whole call.</summary>
    public int TotalSeconds { get; set; } = 120;

    /// <summary>Tries after the first one while no token was shown: at once, then after up to 2, 4 and 8 s.</summary>
    public int Retries { get; set; } = 4;

    /// <summary>Seconds before the second of these at most; each later one waits up to twice as long.</summary>
    public double RetrySeconds { get; set; } = 2;

    /// <summary>Calls at once, at most; fewer while the provider throttles.</summary>
    public int MaxConcurrency { get; set; } = 64;

    public BreakerOptions Breaker { get; set; } = new();

    /// <summary>Price of a million input tokens; null: unknown.</summary>
    public decimal? InputPrice { get; set; }

    /// <summary>Price of a million output tokens; null: unknown.</summary>
    public decimal? OutputPrice { get; set; }

    /// <summary>What is wrong with these settings, a line each.</summary>
    public IEnumerable<string> Errors(string at)
    {
        if (string.IsNullOrWhiteSpace(Name))
        {
            yield return $"{at}:Name is empty.";
        }

        if (Provider is not ("openai" or "anthropic" or "ollama" or "demo"))
        {
            yield return $"{at}:Provider is '{Provider}'; it must be openai, anthropic, ollama or demo.";
        }

        if (Endpoint.Length > 0 && !(Uri.TryCreate(Endpoint, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"))
        {
            yield return $"{at}:Endpoint is '{Endpoint}'; it must be an http or https address.";
        }

        if (MaxOutputTokens < 1 || ContextTokens < MaxOutputTokens * 2L)
        {
            yield return $"{at}:MaxOutputTokens is {MaxOutputTokens}; it must be at least 1 and at most half of ContextTokens ({ContextTokens}).";
        }

        if (Retries is < 0 or > 20 || RetrySeconds is not (>= 0 and <= 300))
        {
            yield return $"{at}:Retries ({Retries}) must be between 0 and 20, and RetrySeconds ({RetrySeconds}) between 0 and 300.";
        }

        if (MaxConcurrency is < 1 or > 10_000)
        {
            yield return $"{at}:MaxConcurrency is {MaxConcurrency}; it must be between 1 and 10000.";
        }

        foreach (var error in Breaker.Errors($"{at}:Breaker", FirstTokenSeconds))
        {
            yield return error;
        }

        if (FirstTokenSeconds < 1 || SilenceSeconds < 1 || TotalSeconds < Math.Max(FirstTokenSeconds, SilenceSeconds))
        {
            yield return $"{at}: FirstTokenSeconds ({FirstTokenSeconds}) and SilenceSeconds ({SilenceSeconds}) must be at least 1 and at most TotalSeconds ({TotalSeconds}).";
        }
    }
}

/// <summary>What every model is told first.</summary>
public sealed class PromptOptions
{
    /// <summary>The system prompt.</summary>
    public string System { get; set; } =
        "You are Claudia, a helpful assistant. Answer in the language of the user's message. " +
        "Be correct and brief; use Markdown where it helps.";

    /// <summary>The most turns that a prompt looks back at, however short they are, and whether they have an answer or not.</summary>
    public int MaxTurns { get; set; } = 200;

    /// <summary>What is wrong with these settings, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (MaxTurns is < 0 or > 1000)
        {
            yield return $"Prompt:MaxTurns is {MaxTurns}; it must be between 0 and 1000.";
        }
    }
}
