using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Servers whose patience is short, so that a test's is not tried.</summary>
internal static class FaultSettings
{
    /// <summary>Seconds that a test can wait for, and within which a busy machine answers.</summary>
    private const string Short = "5";

    /// <summary>How often a message is tried where <see cref="Impatient"/> is set.</summary>
    public const int Attempts = 2;

    /// <param name="provider">Whose wire is spoken.</param>
    /// <param name="limits">The time limits of a model that are to be short: FIRSTTOKENSECONDS, SILENCESECONDS.</param>
    public static CloudiaSettings Of(string provider, params string[] limits) => new()
    {
        Provider = provider,
        More = limits.ToDictionary(name => $"CLOUDIA__MODELS__0__{name}", _ => Short),
    };

    /// <summary>
    /// For a model that fails at 6 calls of 30. One worker has them all, and its breaker stays closed. Of several one may by
    /// chance have half of its first five calls fail, and rightly open it; of twenty none has ten.
    /// </summary>
    public static CloudiaSettings Seldom(string provider, int workers, params string[] limits)
    {
        var settings = Of(provider, limits);
        return workers == 1
            ? settings
            : settings with { More = new Dictionary<string, string>(settings.More) { ["CLOUDIA__MODELS__0__BREAKER__MINIMUMCALLS"] = "20" } };
    }

    /// <summary>Also waits only some seconds for a provider that is away. Breaks are longer than those that are waited out in place.</summary>
    public static CloudiaSettings Impatient(string provider, params string[] limits)
    {
        var settings = Of(provider, limits);
        return settings with
        {
            MaxAttempts = Attempts,
            More = new Dictionary<string, string>(settings.More)
            {
                ["CLOUDIA__MODELS__0__BREAKER__BREAKSECONDS"] = "6",
                ["CLOUDIA__MODELS__0__BREAKER__MAXBREAKSECONDS"] = "6",
                ["CLOUDIA__MODELS__0__RETRYSECONDS"] = "0.1",
                ["CLOUDIA__WORK__RETRYSECONDS"] = "0.1",
                ["CLOUDIA__WORK__PROVIDERWAITSECONDS"] = "10",
            },
        };
    }
}
