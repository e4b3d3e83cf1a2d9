using CloudIa.Protocol;

namespace CloudIa.Client.Answers;

/// <summary>Where an answer stands, beside its text.</summary>
/// <param name="Status">Queued until an attempt has begun; Deferred while the job waits for its provider.</param>
public sealed record AnswerState(JobStatus Status)
{
    /// <summary>The turn's number in its conversation, from 1; null until an attempt has begun.</summary>
    public int? Turn { get; init; }

    /// <summary>Which of the turn's answers this is, from 1; null until an attempt has begun.</summary>
    public int? Version { get; init; }

    /// <summary>The model that answers, once known.</summary>
    public string? Model { get; init; }

    /// <summary>Why the job failed (status Failed) or waits (status Deferred).</summary>
    public JobError? Error { get; init; }

    /// <summary>When a waiting job is tried again, where the service knows.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>What the answer took; only once it has ended, and where the service knows.</summary>
    public AnswerMetadata? Metadata { get; init; }
}
