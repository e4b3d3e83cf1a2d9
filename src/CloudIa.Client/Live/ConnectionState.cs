namespace CloudIa.Client.Live;

/// <summary>How a live connection stands.</summary>
public enum ConnectionState
{
    /// <summary>A socket is being opened.</summary>
    Connecting,

    /// <summary>The service has greeted; events arrive.</summary>
    Connected,

    /// <summary>The connection is lost; the next try comes after a pause.</summary>
    Waiting,
}
