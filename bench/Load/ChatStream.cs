using System.Diagnostics;
using System.Text;

namespace CloudIa.Bench.Load;

/// <summary>
/// Row 5's our side: posts a message over HTTP and reads the answer on the open WebSocket of the same session. Each
/// message begins a conversation.
/// </summary>
internal sealed class ChatStream : IStreamClient
{
    private readonly HttpConnection _posts;
    private readonly SocketClient _socket;
    private readonly byte[] _request;

    private ChatStream(HttpConnection posts, SocketClient socket, string token)
    {
        (_posts, _socket) = (posts, socket);
        _request = HttpRequests.Post("/chat", """{"message":"Olá, IA!"}""", token);
    }

    public static async Task<IStreamClient> OpenAsync(int port, string token, CancellationToken cancellation)
    {
        var posts = await HttpConnection.OpenAsync(port, cancellation);
        try
        {
            return new ChatStream(posts, await SocketClient.OpenAsync(port, token, cancellation), token);
        }
        catch
        {
            posts.Dispose();
            throw;
        }
    }

    public async Task<long> StreamOnceAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var reading = ReadAnswerAsync(started);
        var answer = await _posts.SendAsync(_request);
        if (answer.Status != 202)
            throw new IOException($"{answer.Status} {Encoding.UTF8.GetString(answer.Body.Span)}");
        return await reading;
    }

    public void Dispose()
    {
        _posts.Dispose();
        _socket.Dispose();
    }

    private async Task<long> ReadAnswerAsync(long started)
    {
        long first = 0;
        await _socket.ReadAnswerAsync((_, now) => first = first > 0 ? first : now - started);
        return first > 0 ? first : throw new IOException("An answer without a delta.");
    }
}
