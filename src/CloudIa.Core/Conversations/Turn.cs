using CloudIa.Protocol;

namespace CloudIa.Core.Conversations;

/// <summary>A user's message and its answer.</summary>
public sealed record Turn
{
    public required string JobId { get; init; }

    public required string ConversationId { get; init; }

    /// <summary>From 1, without a gap; null while the message waits (a waiting regeneration has its turn's).</summary>
    public int? Number { get; init; }

    public required string Message { get; init; }

    /// <summary>The model that was asked for; null: the service's first.</summary>
    public string? Model { get; init; }

    /// <summary>The mark of the request's body.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>When the job was accepted: the message's post, or the wish for another answer to it.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When the message itself was accepted, where that is not <see cref="AcceptedAt"/>: for later versions of the answer.</summary>
    public DateTimeOffset? AskedAt { get; init; }

    /// <summary>Which of the turn's answers this is: 1 for the first, one more for each regeneration.</summary>
    public int Version { get; init; } = 1;

    /// <summary>How many answers the turn has.</summary>
    public int Versions { get; init; } = 1;

    /// <summary>The newest attempt; 0 before the first.</summary>
    public int Attempt { get; init; }

    /// <summary>Queued, Running or Deferred while <see cref="End"/> is null, and the end's status after.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>Its owner wants it to stop, and its worker has not ended it yet.</summary>
    public bool StopAsked { get; init; }

    public TurnEnd? End { get; init; }
}

/// <summary>How a job ended: written once, in one conditional write.</summary>
public sealed record TurnEnd
{
    /// <summary>Completed, Failed or Cancelled.</summary>
    public required JobStatus Status { get; init; }

    /// <summary>The answer; for a stopped one what was kept; empty for a failure.</summary>
    public required string Content { get; init; }

    public required DateTimeOffset EndedAt { get; init; }

    /// <summary>The model that answered; null where none was called.</summary>
    public string? Model { get; init; }

    public Usage? Usage { get; init; }

    /// <summary>As the model gave it, or "stopped".</summary>
    public string? FinishReason { get; init; }

    /// <summary>For a failure: one of <see cref="ErrorCode"/>.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>For a failure: what happened, for the operator; never the provider's own text.</summary>
    public string? ErrorDetails { get; init; }

    /// <summary>The end of a job that its owner stopped.</summary>
    /// <param name="content">What was shown of the answer.</param>
    /// <param name="at">When it ended.</param>
    /// <param name="model">The model that was answering; null where none was called.</param>
    /// <param name="usage">What that cost.</param>
    public static TurnEnd Stopped(string content, DateTimeOffset at, string? model = null, Usage? usage = null) => new()
    {
        Status = JobStatus.Cancelled,
        Content = content,
        EndedAt = at,
        Model = model,
        Usage = usage,
        FinishReason = "stopped",
    };
}

/// <summary>One conversation of an owner's.</summary>
/// <param name="ConversationId">Its name.</param>
/// <param name="Title">The first message, shortened, unless the owner gave another.</param>
/// <param name="CreatedAt">When its first message was accepted.</param>
/// <param name="UpdatedAt">When its newest message was accepted.</param>
/// <param name="Turns">How many turns are numbered: begun, or stopped while they waited.</param>
public sealed record Conversation(
    string ConversationId,
    string Title,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    int Turns)
{
    /// <summary>What the model is told first; null: the service's own prompt.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>Where it was made as a copy of another.</summary>
    public ForkOrigin? ForkedFrom { get; init; }
}

/// <summary>The conversation that was copied, and the last turn that was kept of it.</summary>
public sealed record ForkOrigin(string ConversationId, int Turn);

/// <summary>What an owner changes of a conversation; what is null stays.</summary>
/// <param name="Title">1 to <see cref="ConversationTitle.MaxGivenLength"/> characters.</param>
/// <param name="SystemPrompt">"": the service's own prompt again.</param>
public sealed record ConversationChange(string? Title, string? SystemPrompt);
