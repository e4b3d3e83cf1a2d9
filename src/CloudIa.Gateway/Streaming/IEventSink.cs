using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>Where a connection's events go: a socket, or an SSE stream.</summary>
internal interface IEventSink
{
    /// <summary>Writes one event. It returns when the transport has room for the next: a slow client makes a slow sink.</summary>
    /// <param name="sent">The event.</param>
    /// <param name="after">What the client holds of the event's job once it has read it.</param>
    /// <param name="cancellation">Ends the connection.</param>
    ValueTask SendAsync(ServerEvent sent, Position after, CancellationToken cancellation);
}
