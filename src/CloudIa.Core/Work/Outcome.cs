namespace CloudIa.Core.Work;

/// <summary>What becomes of a job's queue message after a run: one of those below.</summary>
public abstract record Outcome
{
    /// <summary>The job's end is stored: the message goes.</summary>
    public sealed record Done : Outcome;

    /// <summary>Not yet: the message comes again after a delay.</summary>
    public sealed record Again(TimeSpan Delay) : Outcome;

    /// <summary>Given up, and the user was told: the message goes to the dead letters.</summary>
    public sealed record Dead(string Reason) : Outcome;

    /// <summary>Another worker has the job now: nothing is to be done.</summary>
    public sealed record Lost : Outcome;
}
