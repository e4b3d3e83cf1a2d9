using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>Where a connection's events go: a socket, or an SSE stream.</summary>
internal interface IEventSink
{
    /// <summary>
    /// Writes one event. It returns when the transport has room for the next: a slow client makes a slow sink. A sink
    /// whose connection ends meanwhile throws, maybe in the middle of the event.
    /// </summary>
    /// <param name="sent">The event.</param>
    /// <param name="after">What the client holds of the event's job once it has read it.</param>
    /// <param name="text">The event's text, where it was taken out of it.</param>
    ValueTask SendAsync(ServerEvent sent, Position after, SentText? text = null);

    /// <summary>Writes a sign of life.</summary>
    ValueTask BeatAsync();
}
