namespace CloudIa.Client;

/// <summary>
/// Growing, jittered pauses between tries: the n-th is drawn evenly from the upper half of
/// min(<paramref name="Longest"/>, <paramref name="First"/> × 2ⁿ), so that a thousand clients that lost one
/// server do not come back at the same instant, and none of them at once.
/// </summary>
/// <param name="First">The bound of the first pause.</param>
/// <param name="Longest">No pause is longer.</param>
public sealed record Backoff(TimeSpan First, TimeSpan Longest)
{
    /// <summary>The pause after <paramref name="failures"/> failed tries in a row (1 or more).</summary>
    /// <param name="failures">How many tries failed since the last success.</param>
    /// <param name="draw">Evenly distributed in [0, 1).</param>
    public TimeSpan Pause(int failures, double draw)
    {
        var bound = Math.Min(Longest.TotalMilliseconds, First.TotalMilliseconds * Math.Pow(2, Math.Max(0, failures - 1)));
        return TimeSpan.FromMilliseconds(bound / 2 * (1 + draw));
    }
}
