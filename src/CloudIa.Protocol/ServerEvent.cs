using System.Text.Json.Serialization;

namespace CloudIa.Protocol;

/// <summary>What the service says on a socket or an SSE stream; told apart by the field <c>event</c>.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Connected), "connected")]
[JsonDerivedType(typeof(Accepted), "accepted")]
[JsonDerivedType(typeof(MessageStarted), "message_started")]
[JsonDerivedType(typeof(MessageDelta), "message_delta")]
[JsonDerivedType(typeof(MessageRestarted), "message_restarted")]
[JsonDerivedType(typeof(MessageCompleted), "message_completed")]
[JsonDerivedType(typeof(MessageStopped), "message_stopped")]
[JsonDerivedType(typeof(ErrorEvent), "error")]
[JsonDerivedType(typeof(ConversationUpdated), "conversation_updated")]
[JsonDerivedType(typeof(SessionExpiring), "session_expiring")]
[JsonDerivedType(typeof(SessionRefreshed), "session_refreshed")]
[JsonDerivedType(typeof(Pong), "pong")]
public abstract record ServerEvent
{
    public string? SessionId { get; init; }

    public string? TraceId { get; init; }

    public DateTimeOffset Timestamp { get; init; }
}

/// <summary>The first frame on a socket, and the only one that carries <c>connectionId</c>.</summary>
public sealed record Connected : ServerEvent
{
    public string Status { get; init; } = "connected";

    /// <summary>An unguessable secret of 128 bits: whoever names it acts for this connection's session.</summary>
    public required string ConnectionId { get; init; }

    /// <summary>Present where the connection made an anonymous session.</summary>
    public string? SessionToken { get; init; }

    /// <summary>When the session ends unless it is refreshed.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How often a client should send a ping.</summary>
    public required int HeartbeatSeconds { get; init; }
}

/// <summary>An event about one job.</summary>
public abstract record JobEvent : ServerEvent
{
    [JsonRequired]
    public string JobId { get; init; } = "";

    [JsonRequired]
    public string ConversationId { get; init; } = "";
}

/// <summary>A message was accepted; sent to every socket of the owner.</summary>
public sealed record Accepted : JobEvent
{
    /// <summary>The mark that the sender's frame carried.</summary>
    public string? ClientId { get; init; }

    public required JobStatus Status { get; init; }

    /// <summary>The user's text, for the owner's other sockets; null for a regeneration.</summary>
    public string? Message { get; init; }

    /// <summary>For a regeneration: the turn whose answer is made again.</summary>
    public int? Turn { get; init; }
}

/// <summary>An attempt has begun.</summary>
public sealed record MessageStarted : JobEvent
{
    public required int Turn { get; init; }

    public required int Attempt { get; init; }

    public required string Model { get; init; }

    /// <summary>1 for the turn's first answer; each regeneration is one more.</summary>
    public int Version { get; init; } = 1;
}

/// <summary>
/// Text of the answer, to be placed at (attempt, offset). Within an attempt the deltas that one connection
/// receives are contiguous and no text comes twice.
/// </summary>
public sealed record MessageDelta : JobEvent
{
    public required int Attempt { get; init; }

    /// <summary>The UTF-16 length of the answer before this delta.</summary>
    public required int Offset { get; init; }

    public required string Delta { get; init; }
}

/// <summary>Text held of an earlier attempt is void: the answer begins again.</summary>
public sealed record MessageRestarted : JobEvent
{
    public required int Attempt { get; init; }

    /// <summary>retry (the last attempt failed, or its worker died) · position_unknown (the client's place does not exist).</summary>
    public required string Reason { get; init; }
}

/// <summary>How an answer came about.</summary>
public sealed record AnswerMetadata
{
    public required string Model { get; init; }

    /// <summary>Input and output together.</summary>
    public required int Tokens { get; init; }

    public required int InputTokens { get; init; }

    public required int OutputTokens { get; init; }

    public decimal? Cost { get; init; }

    public required int Attempts { get; init; }

    /// <summary>From the message's acceptance to the answer's end.</summary>
    public required long DurationMs { get; init; }

    /// <summary>stop · length · content_filter · tool_calls · stopped (by the user).</summary>
    public required string FinishReason { get; init; }
}

/// <summary>
/// The answer is stored; <see cref="Content"/> is the stored text and replaces what the client holds. It is absent only
/// through API Gateway, whose messages are short: then the deltas before it are the whole text.
/// </summary>
public sealed record MessageCompleted : JobEvent
{
    public required int Turn { get; init; }

    public required int Attempt { get; init; }

    public string? Content { get; init; }

    public required AnswerMetadata Metadata { get; init; }
}

/// <summary>The answer was stopped by its owner; <see cref="Content"/> is what was kept, absent as in <see cref="MessageCompleted"/>.</summary>
public sealed record MessageStopped : JobEvent
{
    public required int Turn { get; init; }

    public required int Attempt { get; init; }

    public string? Content { get; init; }

    public AnswerMetadata? Metadata { get; init; }
}

/// <summary>Something went wrong: with a job (<see cref="JobId"/> is there) or with a frame.</summary>
public sealed record ErrorEvent : ServerEvent
{
    public string? JobId { get; init; }

    public string? ConversationId { get; init; }

    /// <summary>For a job: the attempt that went wrong.</summary>
    public int? Attempt { get; init; }

    /// <summary>The mark of the frame that was refused, where it had one.</summary>
    public string? ClientId { get; init; }

    /// <summary>One of <see cref="ErrorCode"/>.</summary>
    public required string Code { get; init; }

    /// <summary>For people, in the language of the connection. This and <see cref="Retryable"/> are the code's, put in where the event is written.</summary>
    public string Message { get; init; } = "";

    public string? Details { get; init; }

    /// <summary>Whether sending the same again may succeed.</summary>
    public bool Retryable { get; init; }

    /// <summary>False: the job still waits and will be tried again.</summary>
    public required bool Final { get; init; }

    public DateTimeOffset? RetryAt { get; init; }
}

/// <summary>A conversation was made, renamed or deleted.</summary>
public sealed record ConversationUpdated : ServerEvent
{
    public required string ConversationId { get; init; }

    public string? Title { get; init; }

    public bool Deleted { get; init; }
}

/// <summary>The session ends at <see cref="ExpiresAt"/>; refresh it to go on.</summary>
public sealed record SessionExpiring : ServerEvent
{
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The session goes on.</summary>
public sealed record SessionRefreshed : ServerEvent
{
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The answer to a ping.</summary>
public sealed record Pong : ServerEvent;
