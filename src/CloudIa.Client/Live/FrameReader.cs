using System.Buffers;
using System.Net.WebSockets;

namespace CloudIa.Client.Live;

/// <summary>Puts a socket's frames together into whole messages, in one buffer that is used again.</summary>
internal sealed class FrameReader(WebSocket socket, int largest)
{
    private const int FirstRead = 8 * 1024;

    private readonly ArrayBufferWriter<byte> _message = new(FirstRead);

    /// <summary>The next text message, valid until the next call; null where the socket is closed.</summary>
    /// <exception cref="WebSocketException">The connection is lost, or the message is larger than allowed.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancel)
    {
        _message.ResetWrittenCount();
        while (true)
        {
            var part = await socket.ReceiveAsync(_message.GetMemory(FirstRead), cancel);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;

            _message.Advance(part.Count);
            if (_message.WrittenCount > largest)
                throw new WebSocketException(WebSocketError.HeaderError, $"A message is larger than {largest} bytes.");
            if (part.EndOfMessage && part.MessageType == WebSocketMessageType.Text)
                return _message.WrittenMemory;
            if (part.EndOfMessage)
                _message.ResetWrittenCount();
        }
    }
}
