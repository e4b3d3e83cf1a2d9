namespace CloudIa.Core.Model.Resilience;

/// <summary>When a model's circuit breaker opens, and for how long (DESIGN.md section 9).</summary>
public sealed class BreakerOptions
{
    /// <summary>The share of failed calls, from 0 to 1, at which it opens.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Calls in <see cref="SamplingSeconds"/> below which it stays closed.</summary>
    public int MinimumCalls { get; set; } = 5;

    /// <summary>Seconds that calls are counted for.</summary>
    public double SamplingSeconds { get; set; } = 30;

    /// <summary>Seconds that it stays open before one call may probe; twice as long after each probe that fails.</summary>
    public double BreakSeconds { get; set; } = 15;

    /// <summary>The longest of these, in seconds.</summary>
    public double MaxBreakSeconds { get; set; } = 120;

    /// <summary>What is wrong with these numbers, a line each.</summary>
    /// <param name="at">The section's name.</param>
    /// <param name="firstTokenSeconds">The model's: a failure may take so long, so that a shorter sample would never hold two.</param>
    public IEnumerable<string> Errors(string at, int firstTokenSeconds)
    {
        if (FailureRatio is not (> 0 and <= 1))
        {
            yield return $"{at}:FailureRatio is {FailureRatio}; it must be above 0 and at most 1.";
        }

        if (MinimumCalls is < 2 or > 10_000)
        {
            yield return $"{at}:MinimumCalls is {MinimumCalls}; it must be between 2 and 10000.";
        }

        if (!(SamplingSeconds >= 2 * firstTokenSeconds) || SamplingSeconds > 3600)
        {
            yield return $"{at}:SamplingSeconds is {SamplingSeconds}; it must be at least twice the model's FirstTokenSeconds ({firstTokenSeconds}) and at most 3600.";
        }

        if (BreakSeconds is not (>= 0.5 and <= 3600) || !(MaxBreakSeconds >= BreakSeconds) || MaxBreakSeconds > 3600)
        {
            yield return $"{at}:BreakSeconds ({BreakSeconds}) must be at least 0.5 and at most MaxBreakSeconds ({MaxBreakSeconds}), and that at most 3600.";
        }
    }
}
