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
    private readonly HttpConnection _socket;
    private readonly FrameReader _frames;
    private readonly byte[] _request;

    private ChatStream(HttpConnection posts, HttpConnection socket, string token)
    {
        (_posts, _socket) = (posts, socket);
        _frames = new FrameReader(socket.Socket);
        _request = HttpRequests.Post("/chat", """{"message":"Olá, IA!"}""", token);
    }

    public static async Task<IStreamClient> OpenAsync(int port, string token, CancellationToken cancellation)
    {
        var stream = new ChatStream(
            await HttpConnection.OpenAsync(port, cancellation), await HttpConnection.OpenAsync(port, cancellation), token);
        try
        {
            await stream._frames.UpgradeAsync(HttpRequests.Upgrade("/ws", token));
            var first = await stream._frames.ReadTextAsync();
            return Is(first, "connected"u8) ? stream : throw Unexpected(first);
        }
        catch
        {
            stream.Dispose();
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
        for (long first = 0; ;)
        {
            var frame = await _frames.ReadTextAsync();
            if (first == 0 && Is(frame, "message_delta"u8))
                first = Stopwatch.GetTimestamp() - started;
            else if (Is(frame, "message_completed"u8))
                return first > 0 ? first : throw Unexpected(frame);
            else if (Is(frame, "error"u8) || Is(frame, "message_restarted"u8) || Is(frame, "message_stopped"u8))
                throw Unexpected(frame);
        }
    }

    private static bool Is(ReadOnlyMemory<byte> frame, ReadOnlySpan<byte> kind)
    {
        var name = "\"event\":\""u8;
        var at = frame.Span.IndexOf(name);
        var rest = at < 0 ? default : frame.Span[(at + name.Length)..];
        return rest.StartsWith(kind) && rest.Length > kind.Length && rest[kind.Length] == '"';
    }

    private static IOException Unexpected(ReadOnlyMemory<byte> frame) => new($"Unexpected: {Encoding.UTF8.GetString(frame.Span)}");
}
