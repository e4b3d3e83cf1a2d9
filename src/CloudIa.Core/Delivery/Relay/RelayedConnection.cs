namespace CloudIa.Core.Delivery.Relay;

/// <summary>
/// A socket that another machine holds for the service (API Gateway's WebSocket API): frames come as requests, and what
/// its client is to read is posted to the machine.
/// </summary>
public sealed record RelayedConnection
{
    /// <summary>The machine's name for it.</summary>
    public required string Id { get; init; }

    /// <summary>Where the machine takes what is for it.</summary>
    public required Uri Callback { get; init; }

    /// <summary>The service's own name for it, a secret of 128 bits, which its client is told.</summary>
    public required string ConnectionId { get; init; }

    public required string Owner { get; init; }

    public required string SessionId { get; init; }

    /// <summary>Whether the handshake made the session, so that its client is to be told its token.</summary>
    public bool MadeSession { get; init; }

    /// <summary>When the session ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the handshake was.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>The handshake's Accept-Language.</summary>
    public string? Language { get; init; }

    public required string TraceId { get; init; }
}
