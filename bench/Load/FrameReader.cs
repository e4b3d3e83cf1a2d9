using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;

namespace CloudIa.Bench.Load;

/// <summary>
/// Reads the frames of a server on a WebSocket (RFC 6455) after its handshake, no more than the rows need: unmasked,
/// frames of at most 1 MiB, whose messages are put together. Pings are answered.
/// </summary>
internal sealed class FrameReader(Socket socket)
{
    private const int Text = 0x81;
    private const int FirstPart = 0x01;
    private const int Part = 0x00;
    private const int LastPart = 0x80;
    private const int Ping = 0x89;
    private const int Pong = 0x8A;
    private const int Longest = 1024 * 1024;

    private byte[] _buffer = new byte[128 * 1024];
    private readonly ArrayBufferWriter<byte> _parts = new();
    private int _start;
    private int _end;

    /// <summary>Sends the handshake and reads its answer; frames that came with it stay for the next read.</summary>
    public async Task UpgradeAsync(byte[] request)
    {
        await socket.SendAsync(request, SocketFlags.None);
        int head;
        do
        {
            await ReceiveAsync();
            head = _buffer.AsSpan(0, _end).IndexOf("\r\n\r\n"u8);
        }
        while (head < 0);

        if (!_buffer.AsSpan(0, head).StartsWith("HTTP/1.1 101"u8))
            throw new IOException($"The socket was refused: {System.Text.Encoding.UTF8.GetString(_buffer, 0, _end)}");
        _start = head + 4;
    }

    /// <summary>The next text message's payload, valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadTextAsync()
    {
        while (true)
        {
            if (!TryRead(out var kind, out var payload))
            {
                await ReceiveAsync();
            }
            else if (kind == Text)
            {
                return payload;
            }
            else if (kind is FirstPart or Part or LastPart)
            {
                if (kind == FirstPart)
                    _parts.ResetWrittenCount();
                _parts.Write(payload.Span);
                if (kind == LastPart)
                    return _parts.WrittenMemory;
            }
            else if (kind == Ping)
            {
                // A client's frames are masked; the mask 0 leaves the payload as it is.
                await socket.SendAsync((byte[])[Pong, (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload.Span], SocketFlags.None);
            }
            else if (kind != Pong)
            {
                throw new IOException($"An unexpected frame: 0x{kind:X2}.");
            }
        }
    }

    private bool TryRead(out int kind, out ReadOnlyMemory<byte> payload)
    {
        (kind, payload) = (0, default);
        var bytes = _buffer.AsSpan(_start, _end - _start);
        if (bytes.Length < 2)
            return false;

        int length = bytes[1];
        var head = 2;
        if (length == 126)
        {
            if (bytes.Length < 4)
                return false;
            (length, head) = (BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]), 4);
        }

        if (length == 127)
        {
            if (bytes.Length < 10)
                return false;
            (length, head) = ((int)Math.Min(BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]), int.MaxValue), 10);
            if (length > Longest)
                throw new IOException("A frame beyond 1 MiB.");
        }

        if (bytes.Length < head + length)
        {
            if (_buffer.Length < head + length)
                Array.Resize(ref _buffer, Math.Max(head + length, _buffer.Length * 2) + _start);
            return false;
        }

        kind = bytes[0];
        payload = _buffer.AsMemory(_start + head, length);
        _start += head + length;
        return true;
    }

    private async ValueTask ReceiveAsync()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var count = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None);
        if (count == 0)
            throw new IOException("The server closed the socket.");
        _end += count;
    }
}
