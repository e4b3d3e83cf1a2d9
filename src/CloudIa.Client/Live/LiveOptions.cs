namespace CloudIa.Client.Live;

/// <summary>How a <see cref="LiveConnection"/> keeps itself alive.</summary>
public sealed record LiveOptions
{
    /// <summary>The pauses before a new connection. The longest bounds how late a returned service is noticed.</summary>
    public Backoff Backoff { get; init; } = new(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10));

    /// <summary>
    /// A connection that lived as long ends a row of failures; one that is accepted and cut at once does not,
    /// so that a service in a crash loop is not hammered.
    /// </summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the first byte of the handshake to the <c>connected</c> frame.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>A socket that is silent for so long after a ping is dead.</summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the polite goodbye may take before the socket is dropped.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Bytes of one frame. The largest is a completed answer: 1 MiB of text (DESIGN, section 9), up to six bytes
    /// a byte when JSON escapes all of it.
    /// </summary>
    public int LargestFrame { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Notices that may wait to be read. A reader that falls further behind slows the socket down; nothing is
    /// lost by it, because an answer's text does not depend on its notices.
    /// </summary>
    public int NoticesWaiting { get; init; } = 1024;
}
