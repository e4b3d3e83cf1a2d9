using CloudIa.Core.Conversations;
using CloudIa.Protocol;

namespace CloudIa.Core.Intake;

/// <summary>Who asks.</summary>
public readonly record struct Caller(string Owner, string SessionId);

/// <summary>A message as a client posted it, over whichever transport.</summary>
public sealed record PostedMessage
{
    public string? Message { get; init; }

    public string? ConversationId { get; init; }

    public string? Model { get; init; }

    public WhenBusy? WhenBusy { get; init; }

    public string? SystemPrompt { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>The sender's own mark, given back in <c>accepted</c>.</summary>
    public string? ClientId { get; init; }

    /// <summary>W3C trace id, 32 hex characters.</summary>
    public required string TraceId { get; init; }
}

/// <summary>What became of a post: one of the two below.</summary>
public abstract record Admission
{
    /// <summary>The rate limit's state, where it was asked.</summary>
    public QuotaDecision? Quota { get; init; }

    /// <summary>The job is in the queue, durably, or was there before under the same key.</summary>
    public sealed record Accepted(JobKey Job, string ConversationId, JobStatus Status, DateTimeOffset At) : Admission;

    /// <summary>Nothing was kept. <see cref="Code"/> is one of <see cref="ErrorCode"/>.</summary>
    public sealed record Refused(string Code, string? Details = null) : Admission;
}
