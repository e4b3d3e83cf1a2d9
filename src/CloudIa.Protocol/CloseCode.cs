namespace CloudIa.Protocol;

/// <summary>
/// Why the service closes a socket: the close frame's code, from WebSocket's private range where the standard has
/// none, with the reason's text beside it.
/// </summary>
public static class CloseCode
{
    /// <summary>The server leaves (reason <c>shutting_down</c>): move to another by connecting again, and resume.</summary>
    public const int GoingAway = 1001;

    /// <summary>The session ended without a refresh (reason <c>token_expired</c>): connect again with a new token.</summary>
    public const int SessionExpired = 4401;

    /// <summary>Nothing came for too long (reason <c>idle</c>): connect again when there is something to say.</summary>
    public const int Idle = 4408;

    /// <summary>More waited for the client than is kept for one (reason <c>slow_reader</c>): connect again, and resume.</summary>
    public const int SlowReader = 4429;
}
