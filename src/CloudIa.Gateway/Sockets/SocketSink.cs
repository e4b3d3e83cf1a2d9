using System.Net.WebSockets;
using System.Text.Json;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Sockets;

/// <summary>Writes events as text messages, one JSON object each: a long one in several frames, so that little of it is buffered.</summary>
internal sealed class SocketSink(WebSocket socket, ClientConnection connection, string? language) : IEventSink
{
    public ValueTask SendAsync(ServerEvent sent, Position after, SentText? text)
    {
        sent = ErrorText.Said(sent, language);
        if (text is null && SentText.OutOf(sent) is { } parts)
        {
            (sent, text) = parts;
        }

        return text is null
            ? SendAsync(JsonSerializer.SerializeToUtf8Bytes(sent, ProtocolJson.Wire.ServerEvent), last: true)
            : SendPiecesAsync(sent, text);
    }

    /// <summary>A socket's client asks for signs of life itself.</summary>
    public ValueTask BeatAsync() => ValueTask.CompletedTask;

    private ValueTask SendAsync(ReadOnlyMemory<byte> frame, bool last)
    {
        var send = socket.SendAsync(frame, WebSocketMessageType.Text, last, CancellationToken.None);
        if (!send.IsCompletedSuccessfully)
        {
            return connection.WatchedAsync(send);
        }

        connection.Progressed();
        return send;
    }

    private async ValueTask SendPiecesAsync(ServerEvent sent, SentText text)
    {
        using var json = new EventJson(sent, text);
        while (!json.Done)
        {
            var send = SendAsync(json.Next(), json.Done);
            if (send.IsCompletedSuccessfully)
            {
                continue;
            }

            text.LetGo();
            await send;
            connection.ThrowIfEnding();
            await text.HoldAsync();
        }
    }
}
