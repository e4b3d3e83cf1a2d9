using System.Globalization;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>The environment of one server: the house's defaults, except for what a test is about, and for the patience with its model.</summary>
internal sealed record CloudiaSettings
{
    /// <summary>Where the model's wire is spoken; null: the built-in demo model.</summary>
    public Uri? ModelEndpoint { get; init; }

    /// <summary>Null: no model is configured by the service's own keys.</summary>
    public string? Provider { get; init; } = "openai";

    public int? Concurrency { get; init; }

    public int? MaxAttempts { get; init; }

    /// <summary>Tests send more than a person does.</summary>
    public int RequestsPerMinute { get; init; } = 1_000_000;

    /// <summary>And wait for less.</summary>
    public int JobsInFlight { get; init; } = 1_000_000;

    /// <summary>On many machines: what a killed worker held comes to another within seconds. Else no worker loses its lease because the machine is busy.</summary>
    public bool ShortLeases { get; init; }

    public IReadOnlyDictionary<string, string> More { get; init; } = new Dictionary<string, string>();

    /// <summary>The same, with this model; with none: the one that they have.</summary>
    public CloudiaSettings Calling(FaultyModel? model) =>
        model is null ? this : this with { ModelEndpoint = Provider == "anthropic" ? model.AnthropicEndpoint : model.Endpoint };

    public IEnumerable<KeyValuePair<string, string?>> Environment()
    {
        // What the developer's own shell says about models or the service is not this test's.
        foreach (string name in System.Environment.GetEnvironmentVariables().Keys)
        {
            if (name.StartsWith("CLOUDIA__", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("OPENAI_", StringComparison.Ordinal)
                || name.StartsWith("ANTHROPIC_", StringComparison.Ordinal)
                || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal))
            {
                yield return new(name, null);
            }
        }

        // What the JIT does for a long life is not paid back within a test. A gateway's processor time was 4.4 s without
        // the first, and 6.9 s with it; 14 tests on many machines took 112 s instead of 147 with the second (in hexadecimal:
        // so many calls until a method is compiled once more; the runtime's own is 30).
        yield return new("DOTNET_TieredPGO", "0");
        yield return new("DOTNET_TC_CallCountThreshold", "400");
        yield return new("CLOUDIA__QUOTA__REQUESTSPERMINUTE", Text(RequestsPerMinute));
        yield return new("CLOUDIA__QUOTA__JOBSINFLIGHT", Text(JobsInFlight));
        if (Provider is not null) yield return new("CLOUDIA__MODELS__0__NAME", "tested");
        if (Provider is not null && ModelEndpoint is null)
        {
            yield return new("CLOUDIA__MODELS__0__PROVIDER", "demo");
        }
        else if (ModelEndpoint is not null)
        {
            yield return new("CLOUDIA__MODELS__0__PROVIDER", Provider);
            yield return new("CLOUDIA__MODELS__0__MODEL", "tested-model");
            yield return new("CLOUDIA__MODELS__0__ENDPOINT", ModelEndpoint.AbsoluteUri);
            yield return new("CLOUDIA__MODELS__0__APIKEY", "a-key-of-no-value");
        }

        if (ModelEndpoint is not null)
        {
            // What a test holds back, it holds back for as long as it takes on a busy machine.
            yield return new("CLOUDIA__MODELS__0__FIRSTTOKENSECONDS", "120");
            yield return new("CLOUDIA__MODELS__0__SILENCESECONDS", "120");
            yield return new("CLOUDIA__MODELS__0__TOTALSECONDS", "600");
            yield return new("CLOUDIA__MODELS__0__BREAKER__SAMPLINGSECONDS", "240");
        }

        if (Concurrency is { } concurrency) yield return new("CLOUDIA__WORK__CONCURRENCY", Text(concurrency));
        if (MaxAttempts is { } attempts) yield return new("CLOUDIA__WORK__MAXATTEMPTS", Text(attempts));
        foreach (var (name, value) in More) yield return new(name, value);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
