using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// The model of rows 7, 8, 10, 13, 14 and 16: OpenAI's streaming chat completions, as many chunks as the path says, at its
/// rate, each with the time at which it was sent: the machine's monotonic clock, which all processes share.
/// </summary>
internal static class PacedModel
{
    /// <summary>Before each stamp, and nowhere else in an event.</summary>
    public const byte Mark = (byte)'@';

    /// <summary>Characters of text a chunk: the mark, a stamp of 16 digits, and a word.</summary>
    public const int ChunkCharacters = 22;

    private static readonly byte[] Prefix = Encoding.UTF8.GetBytes(
        """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"fake","choices":[{"index":0,"delta":{"content":"@""");

    private static readonly byte[] Word = Encoding.UTF8.GetBytes(" word");

    private static readonly byte[] Suffix = Encoding.UTF8.GetBytes("\"" + """},"finish_reason":null}]}""" + "\n\n");

    private static readonly byte[] End = Encoding.UTF8.GetBytes(
        """data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"fake","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"""
        + "\n\ndata: [DONE]\n\n");

    /// <summary>An endpoint below the model's address.</summary>
    /// <param name="chunks">Of an answer.</param>
    /// <param name="perSecond">Chunks a second; 0: without a pause.</param>
    /// <param name="holds">Whether the answer stays open behind its last chunk until the caller leaves.</param>
    /// <param name="words">Words of five characters a chunk, behind its stamp.</param>
    public static string Path(int chunks, double perSecond, bool holds = false, int words = 1) =>
        string.Create(CultureInfo.InvariantCulture, $"/paced/{chunks}/{perSecond}/{(holds ? 1 : 0)}/{words}/v1");

    public static Task RunAsync(int port) => BareKestrel.RunAsync(port, async context =>
    {
        if (context.Request.Method == "GET")
            return;

        var path = context.Request.Path.Value!.Split('/');
        await BareKestrel.ReadBodyAsync(context);
        context.Response.ContentType = "text/event-stream";
        try
        {
            await SayAsync(
                context,
                int.Parse(path[2], CultureInfo.InvariantCulture),
                double.Parse(path[3], CultureInfo.InvariantCulture),
                path[4] == "1",
                int.Parse(path[5], CultureInfo.InvariantCulture));
        }
        catch (OperationCanceledException)
        {
            // The caller left.
        }
    });

    private static async Task SayAsync(HttpContext context, int chunks, double perSecond, bool holds, int words)
    {
        var body = context.Response.BodyWriter;
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < chunks; i++)
        {
            // By the schedule, not by the last chunk: a late timer does not slow the answer down.
            var wait = perSecond > 0 ? TimeSpan.FromSeconds(i / perSecond) - Stopwatch.GetElapsedTime(begun) : TimeSpan.Zero;
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, TimeProvider.System, context.RequestAborted);
            Write(body.GetSpan(512 + (words * Word.Length)), words, out var written);
            body.Advance(written);
            await body.FlushAsync(context.RequestAborted);
        }

        if (holds)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        await body.WriteAsync(End, context.RequestAborted);
    }

    private static void Write(Span<byte> to, int words, out int written)
    {
        Prefix.CopyTo(to);
        Stopwatch.GetTimestamp().TryFormat(to[Prefix.Length..], out var digits, "x16", CultureInfo.InvariantCulture);
        written = Prefix.Length + digits;
        for (var i = 0; i < words; i++, written += Word.Length)
            Word.CopyTo(to[written..]);
        Suffix.CopyTo(to[written..]);
        written += Suffix.Length;
    }
}
