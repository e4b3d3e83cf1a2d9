namespace CloudIa.Core.Work;

/// <summary>How a worker works (DESIGN.md section 7).</summary>
public sealed class WorkOptions
{
    /// <summary>Jobs in progress at once.</summary>
    public int Concurrency { get; set; } = 64;

    /// <summary>Attempts before a job is given up.</summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Seconds before the third attempt; the second comes at once, and each later one waits twice as long.</summary>
    public double RetrySeconds { get; set; } = 2;

    /// <summary>Seconds that a job waits at most for a provider that is away or throttles, from its acceptance (or its redrive).</summary>
    public double ProviderWaitSeconds { get; set; } = 900;

    /// <summary>Seconds that running answers have to end when the process is asked to; then their jobs are released.</summary>
    public double DrainSeconds { get; set; } = 5;

    /// <summary>What is wrong with these numbers, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (Concurrency is < 1 or > 10_000)
        {
            yield return $"Work:Concurrency is {Concurrency}; it must be between 1 and 10000.";
        }

        if (MaxAttempts is < 1 or > 1000)
        {
            yield return $"Work:MaxAttempts is {MaxAttempts}; it must be between 1 and 1000.";
        }

        if (RetrySeconds is < 0 or > 300)
        {
            yield return $"Work:RetrySeconds is {RetrySeconds}; it must be between 0 and 300.";
        }

        if (ProviderWaitSeconds is not (>= 1 and <= 604_800))
        {
            yield return $"Work:ProviderWaitSeconds is {ProviderWaitSeconds}; it must be between 1 and 604800.";
        }

        if (DrainSeconds is < 0 or > 7)
        {
            yield return $"Work:DrainSeconds is {DrainSeconds}; it must be between 0 and 7, so that what is left then is given back within 8 s.";
        }
    }
}
