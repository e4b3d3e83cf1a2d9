using System.Text.Json.Serialization;

namespace CloudIa.Protocol;

/// <summary>202: the message is in the queue, durably.</summary>
public sealed record ChatAccepted
{
    public required string JobId { get; init; }

    public required string ConversationId { get; init; }

    public required string SessionId { get; init; }

    public required JobStatus Status { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public required string TraceId { get; init; }

    /// <summary>Where the request made an anonymous session: the bearer token that owns the conversation.</summary>
    public string? SessionToken { get; init; }
}

/// <summary>What one answer cost.</summary>
/// <param name="InputTokens">Tokens of the prompt, as the provider counted them (or estimated where it does not).</param>
/// <param name="OutputTokens">Tokens of the answer.</param>
/// <param name="Cost">In the currency of the configured prices; null where the model has none.</param>
public sealed record Usage(int InputTokens, int OutputTokens, decimal? Cost = null);

/// <summary>Why a job failed, or why it waits.</summary>
public sealed record JobError(string Code, string Message);

/// <summary><c>GET /chat/{jobId}</c>.</summary>
public sealed record JobView
{
    public required string JobId { get; init; }

    public required string ConversationId { get; init; }

    /// <summary>The turn's number in its conversation, from 1; null while the message waits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? Turn { get; init; }

    public required JobStatus Status { get; init; }

    /// <summary>The newest attempt; 0 before the first.</summary>
    public required int Attempt { get; init; }

    /// <summary>The answer's text: so far while it runs, whole once it has ended.</summary>
    public string? Content { get; init; }

    public JobError? Error { get; init; }

    /// <summary>1 for the turn's first answer; each regeneration is one more.</summary>
    public int? Version { get; init; }

    public string? Model { get; init; }

    public Usage? Usage { get; init; }
}

/// <summary>One message in a page of a conversation.</summary>
public sealed record MessageView
{
    /// <summary>Null while the message waits for its turn.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? Turn { get; init; }

    public required string JobId { get; init; }

    public required MessageRole Role { get; init; }

    public required string Content { get; init; }

    public required JobStatus Status { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public int? Attempt { get; init; }

    /// <summary>An answer's: which of the turn's answers this is, from 1.</summary>
    public int? Version { get; init; }

    /// <summary>An answer's: how many the turn has. The earlier ones are in <c>GET /conversations/{id}/turns/{turn}/versions</c>.</summary>
    public int? Versions { get; init; }

    public string? Model { get; init; }

    public Usage? Usage { get; init; }

    /// <summary>An answer's: from the message's acceptance to the answer's end.</summary>
    public long? DurationMs { get; init; }

    /// <summary>An answer's: stop · length · content_filter · tool_calls · stopped (by the user).</summary>
    public string? FinishReason { get; init; }

    public JobError? Error { get; init; }
}

/// <summary>One conversation in a list.</summary>
public sealed record ConversationView
{
    public required string ConversationId { get; init; }

    public required string Title { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>How many turns are numbered: begun, or stopped while they waited.</summary>
    public required int Turns { get; init; }

    /// <summary>What the model is told first; null: the service's own prompt.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>Where it was forked from another: that one, and the last turn that was kept.</summary>
    public ForkView? ForkedFrom { get; init; }
}

/// <summary>Where a conversation began as a copy of another.</summary>
public sealed record ForkView(string ConversationId, int Turn);

/// <summary>A page; <see cref="NextCursor"/> is opaque and null on the last.</summary>
public sealed record Page<T>(
    IReadOnlyList<T> Items,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? NextCursor);

/// <summary><c>POST /sessions</c>: an anonymous session and its bearer token.</summary>
public sealed record SessionView(string SessionId, string Token, DateTimeOffset ExpiresAt);

/// <summary><c>POST /ws/tickets</c>: opens one socket, once, within 30 s.</summary>
public sealed record TicketView(string Ticket, DateTimeOffset ExpiresAt);

/// <summary>One model that may be asked for.</summary>
/// <param name="Name">What a request puts in <c>model</c>.</param>
/// <param name="Provider">openai · anthropic · ollama · demo.</param>
/// <param name="Default">Whether it answers when a request names none.</param>
/// <param name="ContextTokens">The size of its window, prompt and answer together.</param>
public sealed record ModelView(string Name, string Provider, bool Default, int ContextTokens);

/// <summary><c>GET /models</c>.</summary>
public sealed record ModelsView(IReadOnlyList<ModelView> Models);

/// <summary>One part of the service in <c>GET /health/ready</c>.</summary>
public sealed record PartHealth(string Name, string Status, string? Detail = null);

/// <summary>How a model stands, as this process sees it.</summary>
/// <param name="Name">The model's.</param>
/// <param name="State">Of its circuit breaker: closed · open · half_open; or throttled, where its provider asked to be left alone.</param>
/// <param name="RetryAt">Open or throttled: until when.</param>
/// <param name="InFlight">Jobs that are with it.</param>
/// <param name="Limit">How many may be at once; fewer than configured while it throttles or comes back.</param>
public sealed record ModelState(string Name, string State, DateTimeOffset? RetryAt, int InFlight, int Limit);

/// <summary><c>GET /health/*</c>; status is "ok", "degraded" (a model is away), "down" or "stopping".</summary>
public sealed record HealthView(string Status, IReadOnlyList<PartHealth> Parts);

/// <summary>RFC 9457 problem details, with the service's own members.</summary>
public sealed record Problem
{
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    public string? Detail { get; init; }

    /// <summary>One of <see cref="ErrorCode"/>.</summary>
    public required string Code { get; init; }

    public required string TraceId { get; init; }

    public string? JobId { get; init; }

    public bool? Retryable { get; init; }

    public int? RetryAfterSeconds { get; init; }
}
