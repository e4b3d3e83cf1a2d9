namespace CloudIa.Client.Answers;

/// <summary>What an event did to an answer.</summary>
public enum FoldOutcome
{
    /// <summary>Nothing: stale, already held, or of another job.</summary>
    Ignored,

    /// <summary>The text grew at its end.</summary>
    Appended,

    /// <summary>The text held so far is void; what is held now is of a newer attempt (often still empty).</summary>
    Replaced,

    /// <summary>Something beside the text changed: the status, the turn, the model, a failure that waits for its retry.</summary>
    Noted,

    /// <summary>
    /// Text is missing before what the event brought, so it was not taken. Resume from
    /// <see cref="Answer.Position"/>; a <see cref="Live.LiveConnection"/> does so by itself.
    /// </summary>
    Gap,

    /// <summary>The answer has reached its end. No later event changes it, but for one of a higher attempt after a failure.</summary>
    Ended,
}
