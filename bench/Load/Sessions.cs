using System.Text;
using System.Text.Json;

namespace CloudIa.Bench.Load;

/// <summary>Anonymous sessions of our server, made before a measurement begins.</summary>
internal static class Sessions
{
    public static async Task<IReadOnlyList<string>> OpenAsync(int port, int count, CancellationToken cancellation)
    {
        using var connection = await HttpConnection.OpenAsync(port, cancellation);
        var request = HttpRequests.Post("/sessions", "{}");
        var tokens = new List<string>(count);
        while (tokens.Count < count)
        {
            var answer = await connection.SendAsync(request);
            if (answer.Status != 201)
                throw new InvalidOperationException($"POST /sessions: {answer.Status} {Encoding.UTF8.GetString(answer.Body.Span)}");
            tokens.Add(ReadToken(answer.Body));
        }

        await Task.Yield();
        return tokens;
    }

    private static string ReadToken(ReadOnlyMemory<byte> body)
    {
        // A chunked body has its sizes around the object.
        var (start, end) = (body.Span.IndexOf((byte)'{'), body.Span.LastIndexOf((byte)'}'));
        using var json = JsonDocument.Parse(body[start..(end + 1)]);
        return json.RootElement.GetProperty("token").GetString()!;
    }
}
