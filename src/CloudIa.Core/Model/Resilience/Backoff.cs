namespace CloudIa.Core.Model.Resilience;

/// <summary>How long one waits after a failure: 0 s, then twice as long each time, with full jitter.</summary>
public static class Backoff
{
    /// <summary>However many attempts are configured, no wait is longer.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    /// <summary>The wait after a failed attempt.</summary>
    /// <param name="failedAttempt">The attempt that failed, from 1.</param>
    /// <param name="unit">The longest wait after the second attempt; it doubles from there.</param>
    /// <param name="retryAfter">What the provider asked for: at least that long.</param>
    /// <param name="random">From 0 to 1: where in the wait.</param>
    public static TimeSpan After(int failedAttempt, TimeSpan unit, TimeSpan? retryAfter, double random)
    {
        var ceiling = failedAttempt <= 1 ? TimeSpan.Zero : unit * Math.Pow(2, Math.Min(failedAttempt - 2, 16));
        var wait = (ceiling < Longest ? ceiling : Longest) * random;
        return retryAfter is { } asked && asked > wait ? asked : wait;
    }
}
