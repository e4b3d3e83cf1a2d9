namespace CloudIa.Protocol;

/// <summary>The body of <c>POST /chat</c>.</summary>
public record ChatRequest
{
    /// <summary>1 to 32,000 UTF-16 characters, not blank.</summary>
    public string? Message { get; init; }

    /// <summary>An existing conversation of the owner's; absent: a new one begins.</summary>
    public string? ConversationId { get; init; }

    /// <summary>A name that <c>GET /models</c> lists; absent: the service's first.</summary>
    public string? Model { get; init; }

    /// <summary>Absent: <see cref="Protocol.WhenBusy.Enqueue"/>.</summary>
    public WhenBusy? WhenBusy { get; init; }

    /// <summary>What the model is told first in the conversation that this message begins; absent: the service's own prompt.</summary>
    public string? SystemPrompt { get; init; }

    /// <summary>Without credentials: a live connection, for whose anonymous session the request acts.</summary>
    public string? ConnectionId { get; init; }
}

/// <summary>The body of <c>POST /conversations/{id}/regenerate</c>; may be left out.</summary>
public sealed record RegenerateRequest
{
    /// <summary>A name that <c>GET /models</c> lists; absent: the one that was asked for before.</summary>
    public string? Model { get; init; }
}

/// <summary>The body of <c>POST /conversations/{id}/fork</c>.</summary>
public sealed record ForkRequest
{
    /// <summary>The last turn that the new conversation keeps; 0: none.</summary>
    public int? Turn { get; init; }
}

/// <summary>The body of <c>PATCH /conversations/{id}</c>; what is absent stays.</summary>
public sealed record ConversationChanges
{
    /// <summary>1 to 200 characters, not blank.</summary>
    public string? Title { get; init; }

    /// <summary>What the model is told first; "": the service's own prompt again.</summary>
    public string? SystemPrompt { get; init; }
}

/// <summary>The body of <c>POST /message</c>, the first version's contract.</summary>
public sealed record MessageRequest
{
    public string? Content { get; init; }

    /// <summary>Must be "user" where it is given.</summary>
    public string? Role { get; init; }

    public string? ConnectionId { get; init; }

    public string? ConversationId { get; init; }

    /// <summary>As in <see cref="ChatRequest"/>.</summary>
    public WhenBusy? WhenBusy { get; init; }
}

/// <summary>A client's frame on the socket: one record for every action, told apart by <see cref="Action"/>.</summary>
public sealed record ClientFrame : ChatRequest
{
    /// <summary>chat · resume · stop · refresh · ping.</summary>
    public string? Action { get; init; }

    /// <summary>chat: the client's own mark, given back in <c>accepted</c>.</summary>
    public string? ClientId { get; init; }

    /// <summary>chat: as the HTTP header of that name.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>resume: the answers to go on with, and what the client holds of each.</summary>
    public IReadOnlyList<ResumePoint>? Jobs { get; init; }

    /// <summary>stop: the job to stop.</summary>
    public string? JobId { get; init; }

    /// <summary>refresh: the session token to carry on with.</summary>
    public string? Token { get; init; }
}

/// <summary>What a client holds of one job's answer; both numbers 0: nothing.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Attempt">The attempt that the held text is of.</param>
/// <param name="Offset">The UTF-16 length of the held text.</param>
public sealed record ResumePoint(string JobId, int Attempt, int Offset);
