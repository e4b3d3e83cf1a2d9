using System.Diagnostics;
using System.Net.Sockets;

namespace CloudIa.Bench.Load;

/// <summary>Row 5's other side: calls the fake model itself and reads the events of its answer.</summary>
internal sealed class DirectStream : IStreamClient
{
    /// <summary>Holds a whole answer of the fake model.</summary>
    private readonly byte[] _buffer = new byte[64 * 1024];

    private readonly HttpConnection _connection;
    private readonly byte[] _request;

    private DirectStream(HttpConnection connection, byte[] request) => (_connection, _request) = (connection, request);

    /// <param name="path">The endpoint's path, as our server is given it.</param>
    public static async Task<IStreamClient> OpenAsync(int port, string path, CancellationToken cancellation) => new DirectStream(
        await HttpConnection.OpenAsync(port, cancellation),
        HttpRequests.Post(
            $"{path}/chat/completions",
            """{"model":"fake","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Olá, IA!"}]}"""));

    public async Task<long> StreamOnceAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await _connection.Socket.SendAsync(_request, SocketFlags.None);
        long first = 0;
        for (var received = 0; ;)
        {
            var count = await _connection.Socket.ReceiveAsync(_buffer.AsMemory(received), SocketFlags.None);
            if (count == 0)
                throw new IOException("The model closed the connection.");
            received += count;
            var answer = _buffer.AsSpan(0, received);
            if (first == 0 && answer.IndexOf("\"content\":\"p"u8) >= 0)
                first = Stopwatch.GetTimestamp() - started;
            if (answer.EndsWith("\r\n0\r\n\r\n"u8))
                return first > 0 && answer.IndexOf("[DONE]"u8) >= 0 ? first : throw new IOException("The model's answer is not whole.");
        }
    }

    public void Dispose() => _connection.Dispose();
}
