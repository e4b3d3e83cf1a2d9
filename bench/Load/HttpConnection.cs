using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace CloudIa.Bench.Load;

/// <summary>What came back: the status and the body, which is valid until the connection's next request.</summary>
internal readonly record struct HttpAnswer(int Status, ReadOnlyMemory<byte> Body);

/// <summary>
/// One keep-alive connection that writes prebuilt HTTP/1.1 requests and parses no more of an answer than its status and
/// its end. One request at a time; allocates nothing a request. Not for answers beyond 16 KiB.
/// </summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];

    private HttpConnection(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    public static async Task<HttpConnection> OpenAsync(int port, CancellationToken cancellation, IPAddress? source = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (source is not null)
                socket.Bind(new IPEndPoint(source, 0));
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
            return new HttpConnection(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<HttpAnswer> SendAsync(ReadOnlyMemory<byte> request)
    {
        for (var sent = 0; sent < request.Length;)
            sent += await Socket.SendAsync(request[sent..], SocketFlags.None);

        var received = 0;
        while (true)
        {
            var count = await Socket.ReceiveAsync(_buffer.AsMemory(received), SocketFlags.None);
            if (count == 0)
                throw new IOException("The server closed the connection or sent more than the bench reads.");
            received += count;
            if (TryParse(_buffer.AsSpan(0, received), out var status, out var start, out var end))
                return new HttpAnswer(status, _buffer.AsMemory(start, end - start));
        }
    }

    public void Dispose() => Socket.Dispose();

    private static bool TryParse(ReadOnlySpan<byte> bytes, out int status, out int start, out int end)
    {
        (status, end) = (0, 0);
        start = bytes.IndexOf("\r\n\r\n"u8) + 4;
        if (start < 4)
            return false;

        var head = bytes[..start];
        status = ((head[9] - '0') * 100) + ((head[10] - '0') * 10) + (head[11] - '0');
        if (TryReadLength(head, out var length))
        {
            end = start + length;
            return bytes.Length >= end;
        }

        if (status is 204 or 101)
        {
            end = start;
            return true;
        }

        // Chunked: with one request under way the answer ends where the last chunk does.
        end = bytes.Length;
        return bytes[(start - 2)..].EndsWith("\r\n0\r\n\r\n"u8);
    }

    private static bool TryReadLength(ReadOnlySpan<byte> head, out int length)
    {
        length = 0;
        var name = "\r\nContent-Length: "u8;
        var at = head.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out length, out _);
    }
}
