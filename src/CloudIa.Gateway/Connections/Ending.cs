namespace CloudIa.Gateway.Connections;

/// <summary>Why a connection ends; what its client is told stands in <see cref="Protocol.CloseCode"/>.</summary>
internal enum Ending
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>The client left, or its connection broke.</summary>
    Left,

    /// <summary>This process leaves.</summary>
    GoingAway,

    /// <summary>The session ended without a refresh.</summary>
    SessionExpired,

    /// <summary>Nothing went either way for too long.</summary>
    Idle,

    /// <summary>The client does not read what is sent to it.</summary>
    SlowReader,
}
