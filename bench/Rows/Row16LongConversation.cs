using System.Diagnostics;
using System.Globalization;
using System.Text;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 16: from a message's frame to the <c>message_started</c> of its turn (accept, commit, begin, recall), in a
/// conversation of 10,000 turns ÷ in one of 10. Both are made through the service and live in the same database; turns of
/// the two alternate. The prompt is cut to a window of 1,000 tokens, which both fill. Goal: at most 1.1.
/// </summary>
internal static class Row16LongConversation
{
    private const int Long = 10_000;
    private const int Short = 10;
    private const int Samples = 200;

    /// <summary>Two of these with their answers fill most of the window.</summary>
    private static readonly string Message = string.Concat(Enumerable.Repeat("palavra ", 25));

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        var endpoint = new Uri($"http://127.0.0.1:{model.Port}{PacedModel.Path(1, 0)}");
        await using var server = await OurServer.StartReadyAsync(
            program, 8, cancellation, endpoint, ("CLOUDIA__MODELS__0__CONTEXTTOKENS", "1500"), ("CLOUDIA__MODELS__0__MAXOUTPUTTOKENS", "500"));
        var token = (await Sessions.OpenAsync(server.Port, 1, cancellation))[0];
        using var client = await SocketClient.OpenAsync(server.Port, token, cancellation);
        var (grown, begun) = ("", Stopwatch.GetTimestamp());
        for (var turn = 0; turn < Long; turn++)
            (_, grown) = await TurnAsync(client, grown);
        await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {Long} turns made in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s"));

        var (ours, theirs) = (new List<double>(), new List<double>());
        var (openLong, openShort, list) = (new List<double>(), new List<double>(), new List<double>());
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            var (inLong, inShort, young) = (new List<long>(), new List<long>(), "");
            for (var sample = 0; sample < Samples; sample++)
            {
                if (sample % 20 == 0)
                {
                    // A conversation that is young again.
                    young = "";
                    for (var turn = 0; turn < Short; turn++)
                        (_, young) = await TurnAsync(client, young);
                }

                inLong.Add((await TurnAsync(client, grown)).Ticks);
                inShort.Add((await TurnAsync(client, young)).Ticks);
            }

            ours.Add(new Latencies(inLong).Percentile(50));
            theirs.Add(new Latencies(inShort).Percentile(50));
            openLong.Add(await GetAsync(server.Port, token, $"/conversations/{grown}/messages?limit=10", cancellation));
            openShort.Add(await GetAsync(server.Port, token, $"/conversations/{young}/messages?limit=10", cancellation));
            list.Add(await GetAsync(server.Port, token, "/conversations?limit=20", cancellation));
            await Task.Yield();
        }

        return new RowResult(
            16,
            "time to begin a turn",
            [
                Figure.Ratio($"{Long} turns ÷ {Short}, p50", "ms", ours, theirs, new Goal(Direction.AtMost, 1.1)),
                Figure.Ratio("opening it: its newest page, p50", "ms", openLong, openShort, new Goal(Direction.AtMost, 1.1)),
            ],
            [string.Create(CultureInfo.InvariantCulture, $"listing the conversations: p50 {Spread.Of(list).Median:0.00} ms")]);
    }

    /// <summary>One turn to its end; the time to its start, and its conversation.</summary>
    private static async Task<(long Ticks, string Conversation)> TurnAsync(SocketClient client, string conversation)
    {
        var into = conversation.Length > 0 ? $",\"conversationId\":\"{conversation}\"" : "";
        var sent = Stopwatch.GetTimestamp();
        await client.SendAsync($$"""{"action":"chat","message":"{{Message}}"{{into}}}""");
        long ticks = 0;
        while (true)
        {
            var frame = await client.ReadAsync();
            if (SocketClient.Is(frame, "message_started"u8))
                ticks = Stopwatch.GetTimestamp() - sent;
            else if (SocketClient.Is(frame, "message_completed"u8))
                return (ticks, SocketClient.Field(frame, "conversationId"));
            else if (SocketClient.Is(frame, "error"u8))
                throw new IOException(Encoding.UTF8.GetString(frame.Span));
        }
    }

    private static async Task<double> GetAsync(int port, string token, string path, CancellationToken cancellation)
    {
        using var connection = await HttpConnection.OpenAsync(port, cancellation);
        var request = HttpRequests.Get(path, token);
        var ticks = new List<long>();
        for (var i = 0; i < Samples; i++)
        {
            var begun = Stopwatch.GetTimestamp();
            var answer = await connection.SendAsync(request);
            if (answer.Status != 200)
                throw new IOException($"GET {path}: {answer.Status}");
            ticks.Add(Stopwatch.GetTimestamp() - begun);
        }

        return new Latencies(ticks).Percentile(50);
    }
}
