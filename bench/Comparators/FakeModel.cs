using System.Text;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// The model of row 5: OpenAI's streaming chat completions, the first chunk a fixed time after the request, the others
/// paced as a provider's are. Both sides of the row talk to this one process.
/// </summary>
internal static class FakeModel
{
    /// <summary>From the request to the first chunk with text.</summary>
    public static readonly TimeSpan FirstChunk = TimeSpan.FromMilliseconds(5);

    /// <summary>Between chunks: 50 a second.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    /// <summary>Of an answer, half a second long.</summary>
    public const int Chunks = 25;

    /// <summary>The endpoint of whole answers.</summary>
    public const string Path = "/v1";

    /// <summary>The endpoint of answers of one chunk, for many first tokens in a short time.</summary>
    public const string ShortPath = "/short/v1";

    private static readonly byte[] Role = Chunk("""{"role":"assistant","content":""}""", "null");
    private static readonly byte[] Word = Chunk("""{"content":"palavra "}""", "null");
    private static readonly byte[] End =
    [
        .. Chunk("{}", "\"stop\""),
        .. Data("""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"fake","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":25,"total_tokens":35}}"""),
        .. Data("[DONE]"),
    ];

    public static Task RunAsync(int port) => BareKestrel.RunAsync(port, async context =>
    {
        if (context.Request.Method == "GET")
            return;

        await BareKestrel.ReadBodyAsync(context);
        context.Response.ContentType = "text/event-stream";
        var body = context.Response.BodyWriter;
        try
        {
            await Task.Delay(FirstChunk, TimeProvider.System, context.RequestAborted);
            await body.WriteAsync(Role, context.RequestAborted);
            var chunks = context.Request.Path.Value!.StartsWith(ShortPath, StringComparison.Ordinal) ? 1 : Chunks;
            for (var i = 0; i < chunks; i++)
            {
                if (i > 0)
                    await Task.Delay(Pace, TimeProvider.System, context.RequestAborted);
                await body.WriteAsync(Word, context.RequestAborted);
            }

            await body.WriteAsync(End, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The caller left.
        }
    });

    private static byte[] Chunk(string delta, string finish) => Data(
        $$"""{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"fake","choices":[{"index":0,"delta":{{delta}},"finish_reason":{{finish}}}]}""");

    private static byte[] Data(string json) => Encoding.UTF8.GetBytes($"data: {json}\n\n");
}
