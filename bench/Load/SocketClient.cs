using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace CloudIa.Bench.Load;

/// <summary>One WebSocket of a client: sends text messages, and reads answers event by event without parsing their JSON.</summary>
internal sealed class SocketClient : IDisposable
{
    private readonly HttpConnection _connection;
    private readonly FrameReader _frames;

    private SocketClient(HttpConnection connection)
    {
        _connection = connection;
        _frames = new FrameReader(connection.Socket);
    }

    public Socket Socket => _connection.Socket;

    /// <summary>Opens a socket of our server and reads its greeting.</summary>
    /// <param name="receiveBuffer">What the kernel may keep of what is not read, in bytes; null: its own choice.</param>
    public static async Task<SocketClient> OpenAsync(int port, string? token, CancellationToken cancellation, int? receiveBuffer = null)
    {
        var client = await OpenBareAsync(port, token, cancellation);
        if (receiveBuffer is { } bytes)
            client.Socket.ReceiveBufferSize = bytes;
        var first = await client.ReadAsync();
        if (Is(first, "connected"u8))
            return client;
        client.Dispose();
        throw Unexpected(first);
    }

    /// <summary>Opens a socket of any server.</summary>
    public static async Task<SocketClient> OpenBareAsync(int port, string? token, CancellationToken cancellation)
    {
        var client = new SocketClient(await HttpConnection.OpenAsync(port, cancellation));
        try
        {
            await client._frames.UpgradeAsync(HttpRequests.Upgrade("/ws", token));
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends a message, of less than 64 KiB.</summary>
    public async Task SendAsync(string text)
    {
        // The mask 0 leaves the payload as it is.
        var payload = Encoding.UTF8.GetBytes(text);
        var frame = new byte[8 + payload.Length];
        (frame[0], frame[1]) = (0x81, 0xFE);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)payload.Length);
        payload.CopyTo(frame, 8);
        await Socket.SendAsync(frame, SocketFlags.None);
    }

    /// <summary>The next message, valid until the next call.</summary>
    public ValueTask<ReadOnlyMemory<byte>> ReadAsync() => _frames.ReadTextAsync();

    /// <summary>Reads one answer to its end; every delta with the timestamp at which it was there.</summary>
    public async Task ReadAnswerAsync(Action<ReadOnlyMemory<byte>, long> delta)
    {
        while (true)
        {
            var frame = await ReadAsync();
            if (Is(frame, "message_delta"u8))
                delta(frame, Stopwatch.GetTimestamp());
            else if (Is(frame, "message_completed"u8))
                return;
            else if (Is(frame, "error"u8) || Is(frame, "message_restarted"u8) || Is(frame, "message_stopped"u8))
                throw Unexpected(frame);
        }
    }

    /// <summary>The text of a field whose value has no escapes.</summary>
    public static string Field(ReadOnlyMemory<byte> frame, string name)
    {
        var text = Encoding.UTF8.GetString(frame.Span);
        var start = text.IndexOf($"\"{name}\":\"", StringComparison.Ordinal) + name.Length + 4;
        return text[start..text.IndexOf('"', start)];
    }

    public static bool Is(ReadOnlyMemory<byte> frame, ReadOnlySpan<byte> kind)
    {
        var name = "\"event\":\""u8;
        var at = frame.Span.IndexOf(name);
        var rest = at < 0 ? default : frame.Span[(at + name.Length)..];
        return rest.StartsWith(kind) && rest.Length > kind.Length && rest[kind.Length] == '"';
    }

    public void Dispose() => _connection.Dispose();

    private static IOException Unexpected(ReadOnlyMemory<byte> frame) => new($"Unexpected: {Encoding.UTF8.GetString(frame.Span)}");
}
