namespace CloudIa.Core.Model.Resilience;

/// <summary>
/// How many calls a provider takes at once, as it shows: half as many when it throttles, one more for each call that it
/// takes. Not safe for many threads; its gate guards it.
/// </summary>
internal sealed class AdaptiveLimit
{
    /// <summary>With how many calls at once one begins again after a break: each that is taken lets one more come.</summary>
    private const int AfterBreak = 2;

    private readonly int most;

    public AdaptiveLimit(int most) => Current = this.most = most;

    public int Current { get; private set; }

    /// <summary>Numbers the times between two cuts: calls that began before a cut do not cause another.</summary>
    public int Era { get; private set; }

    public void Grow() => Current = Math.Min(most, Current + 1);

    public void Cut(int era)
    {
        if (era == Era)
        {
            Era++;
            Current = Math.Max(1, Current / 2);
        }
    }

    public void BeginAgain() => (Current, Era) = (Math.Min(most, AfterBreak), Era + 1);
}
