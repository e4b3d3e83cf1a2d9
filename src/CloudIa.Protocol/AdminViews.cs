using System.Text.Json.Serialization;

namespace CloudIa.Protocol;

/// <summary><c>GET /admin/queue</c>: how much waits, and for what.</summary>
public sealed record QueueView
{
    /// <summary>Jobs that have not left the queue, those under way included.</summary>
    public required long Waiting { get; init; }

    /// <summary>When the oldest of them came; null where none waits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public DateTimeOffset? OldestEnqueuedAt { get; init; }

    /// <summary>How long ago that was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public double? OldestAgeSeconds { get; init; }

    /// <summary>Messages that were given up.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>The models that jobs wait for.</summary>
    public required IReadOnlyList<ModelState> Models { get; init; }
}

/// <summary>A message that was given up, in <c>GET /admin/dead-letters</c> and <c>GET /admin/dead-letters/{id}</c>.</summary>
public sealed record DeadLetterView
{
    /// <summary>Names it, until it is redriven or discarded.</summary>
    public required string Id { get; init; }

    /// <summary>One of <see cref="ErrorCode"/>: what the owner was told.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was given up.</summary>
    public required DateTimeOffset DeadAt { get; init; }

    /// <summary>False: what lies there is no message that this service wrote, so that it cannot be redriven.</summary>
    public required bool Readable { get; init; }

    /// <summary>This and what follows is left out where it is not known.</summary>
    public string? JobId { get; init; }

    public string? ConversationId { get; init; }

    public string? Owner { get; init; }

    /// <summary>Of a regeneration: the turn whose message it answers again.</summary>
    public int? Turn { get; init; }

    /// <summary>The model that was asked for; left out: the service's first.</summary>
    public string? Model { get; init; }

    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>How often it was tried, redrives included.</summary>
    public int? Attempts { get; init; }

    /// <summary>What happened at the last of them, for the operator.</summary>
    public string? Details { get; init; }

    /// <summary>How often it was put back before.</summary>
    public int? Redrives { get; init; }

    /// <summary>When that was last done.</summary>
    public DateTimeOffset? RedrivenAt { get; init; }

    public string? TraceId { get; init; }

    /// <summary>The user's text: in a page its beginning, at most 200 characters.</summary>
    public string? Message { get; init; }

    /// <summary>The length of the user's text, in UTF-16 units.</summary>
    public int? MessageLength { get; init; }

    /// <summary>Of one that cannot be read, asked for alone: the first 8,192 bytes of what lies there, as UTF-8.</summary>
    public string? Body { get; init; }

    /// <summary>The length of all that lies there, in bytes.</summary>
    public int? BodyBytes { get; init; }
}

/// <summary><c>POST /admin/dead-letters/{id}/redrive</c>: the job is in the queue again.</summary>
public sealed record RedriveView
{
    public required string Id { get; init; }

    public required string JobId { get; init; }

    public required string ConversationId { get; init; }

    public required JobStatus Status { get; init; }
}

/// <summary><c>POST /admin/dead-letters/redrive</c> and <c>DELETE /admin/dead-letters</c>: what became of many letters.</summary>
public sealed record DeadLetterBatch
{
    /// <summary>How many were put back.</summary>
    public int? Redriven { get; init; }

    /// <summary>How many could not be put back because they cannot be read; they stay.</summary>
    public int? Unreadable { get; init; }

    /// <summary>How many were thrown away.</summary>
    public int? Discarded { get; init; }

    /// <summary>Where to go on with the letters that were there at the first call; null where nothing is left of them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? NextCursor { get; init; }
}
