using System.Buffers;
using System.Net.WebSockets;

namespace CloudIa.Gateway.Sockets;

/// <summary>What came from a client: one of the cases of <see cref="FrameKind"/>, with its bytes where it is text.</summary>
internal readonly record struct Frame(FrameKind Kind, ReadOnlyMemory<byte> Text);

internal enum FrameKind
{
    Text,
    Binary,
    TooLarge,
    Close,
}

/// <summary>
/// Reads whole messages. Between messages it waits without a buffer, so that an idle connection holds none.
/// </summary>
internal sealed class FrameReader(WebSocket socket, int maxBytes) : IDisposable
{
    private const int FirstBuffer = 4096;

    /// <summary>A client that sends this many times the limit in one message is cut off.</summary>
    private const int Patience = 8;

    private byte[] buffer = [];

    /// <summary>Waits, without a buffer, until a message begins.</summary>
    public ValueTask<ValueWebSocketReceiveResult> WaitAsync(CancellationToken cancellation)
    {
        Release();
        return socket.ReceiveAsync(Memory<byte>.Empty, cancellation);
    }

    /// <summary>The message that was waited for. Its bytes stand until the next wait.</summary>
    public async ValueTask<Frame> ReadAsync(ValueWebSocketReceiveResult waited, CancellationToken cancellation)
    {
        if (waited.MessageType == WebSocketMessageType.Close)
        {
            return new Frame(FrameKind.Close, default);
        }

        if (waited.EndOfMessage)
        {
            // An empty message is whole without a buffer.
            return new Frame(waited.MessageType == WebSocketMessageType.Binary ? FrameKind.Binary : FrameKind.Text, default);
        }

        buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        var length = 0;
        long total = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellation);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return new Frame(FrameKind.Close, default);
            }

            total += received.Count;
            if (total > maxBytes)
            {
                // Read on without keeping it, so that the connection can stay open after the error.
                if (total > (long)maxBytes * Patience)
                {
                    return new Frame(FrameKind.Close, default);
                }

                length = 0;
            }
            else
            {
                length += received.Count;
            }

            if (received.EndOfMessage)
            {
                return total > maxBytes ? new Frame(FrameKind.TooLarge, default)
                    : received.MessageType == WebSocketMessageType.Binary ? new Frame(FrameKind.Binary, default)
                    : new Frame(FrameKind.Text, buffer.AsMemory(0, length));
            }

            if (length == buffer.Length)
            {
                Grow(length);
            }
        }
    }

    public void Dispose() => Release();

    private void Grow(int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }

    private void Release()
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }
}
