using CloudIa.Core.Conversations;

namespace CloudIa.Core.History;

/// <summary>What a begin found: one of the five below.</summary>
public abstract record BeginResult
{
    /// <summary>The attempt is this worker's.</summary>
    /// <param name="Turn">The turn's number.</param>
    /// <param name="Attempt">Numbered from 1; the fence of all later writes.</param>
    /// <param name="Version">Which of the turn's answers the job makes.</param>
    /// <param name="SystemPrompt">The conversation's; null: the service's own.</param>
    public sealed record Started(int Turn, int Attempt, int Version = 1, string? SystemPrompt = null) : BeginResult
    {
        /// <summary>How many of the attempts count, this one included: all since the last redrive but those that were postponed.</summary>
        public int Counted { get; init; } = Attempt;
    }

    /// <summary>As started, but the owner asked for a stop while no worker had the job: end it without a model call.</summary>
    public sealed record StopAsked(int Turn, int Attempt) : BeginResult;

    /// <summary>The job has ended, and was not redriven since; nothing was written.</summary>
    public sealed record Finished(Turn Turn) : BeginResult;

    /// <summary>The job's conversation was deleted, and the job with it; nothing was written.</summary>
    public sealed record Deleted : BeginResult;

    /// <summary>
    /// The job is known with another body, by another post of its key, whose sender alone was told that it is taken. There
    /// is nothing to do for this one; nothing was written.
    /// </summary>
    public sealed record Another : BeginResult;
}

/// <summary>What a stop request found.</summary>
/// <param name="Turn">The job as it is now.</param>
/// <param name="EndedNow">True where this request ended it (it was waiting).</param>
public sealed record StopResult(Turn Turn, bool EndedNow);
