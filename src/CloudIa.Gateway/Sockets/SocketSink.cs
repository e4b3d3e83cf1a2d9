using System.Net.WebSockets;
using System.Text.Json;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Sockets;

/// <summary>Writes events as text frames, one JSON object each.</summary>
internal sealed class SocketSink(WebSocket socket, string? language) : IEventSink
{
    public ValueTask SendAsync(ServerEvent sent, Position after, CancellationToken cancellation)
    {
        if (sent is ErrorEvent { Message: "" } error)
        {
            sent = error with { Message = ErrorText.Of(error.Code).In(language) };
        }

        var frame = JsonSerializer.SerializeToUtf8Bytes(sent, ProtocolJson.Wire.ServerEvent);
        return socket.SendAsync(frame.AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellation);
    }
}
