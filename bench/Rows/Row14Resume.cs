using System.Diagnostics;
using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 14: a client that holds nothing of a running answer of 4,000 deltas resumes it: from its frame to the last byte of
/// the text, ÷ the same of raw Kestrel WebSockets that are asked for as many bytes in as many messages. A new socket each
/// time, opened before. Goal: at most 1.2.
/// </summary>
internal static class Row14Resume
{
    private const int Chunks = 4000;
    private const int Characters = Chunks * PacedModel.ChunkCharacters;
    private const int Most = 5000;

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        var (ours, theirs) = (new List<Latencies>(), new List<Latencies>());
        List<int> sizes = [];
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            await using (var server = await new DeltaRun(PacedModel.Path(Chunks, 0, holds: true), 1, null).StartAsync(program, model, cancellation))
            {
                var token = (await Sessions.OpenAsync(server.Port, 1, cancellation))[0];
                using var asking = await SocketClient.OpenAsync(server.Port, token, cancellation);
                var job = await BeginAsync(asking);
                sizes = [];
                ours.Add(await MeasureAsync(() => SocketClient.OpenAsync(server.Port, token, cancellation), async client =>
                {
                    await client.SendAsync($$"""{"action":"resume","jobs":[{"jobId":"{{job}}","attempt":0,"offset":0}]}""");
                    var counted = await ReadTextAsync(client);
                    if (sizes.Count == 0)
                        sizes = counted;
                }));
            }

            var order = string.Join(',', sizes.Select(size => string.Create(CultureInfo.InvariantCulture, $"1*{size}")));
            await using (var server = await ComparatorServer.StartReadyAsync("raw-sockets", program, cancellation))
            {
                theirs.Add(await MeasureAsync(() => SocketClient.OpenBareAsync(server.Port, null, cancellation), async client =>
                {
                    await client.SendAsync(order);
                    for (var i = 0; i < sizes.Count; i++)
                        await client.ReadAsync();
                }));
            }
        }

        return new RowResult(
            14,
            "resume of 4,000 deltas ÷ sending it raw",
            [Figure.Ratio("p50", "ms", [.. ours.Select(run => run.Percentile(50))], [.. theirs.Select(run => run.Percentile(50))], new Goal(Direction.AtMost, 1.2))],
            [string.Create(CultureInfo.InvariantCulture, $"{Characters} characters in {sizes.Count} messages of {sizes.Sum()} bytes together; p99 {Spread.Of([.. ours.Select(run => run.Percentile(99))]).Median:0.00} ms ours, {Spread.Of([.. theirs.Select(run => run.Percentile(99))]).Median:0.00} ms raw")]);

        async Task<Latencies> MeasureAsync(Func<Task<SocketClient>> openAsync, Func<SocketClient, Task> onceAsync)
        {
            var ticks = new List<long>();
            var from = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(from) < settings.Warmup + settings.Duration && ticks.Count < Most)
            {
                using var client = await openAsync();
                var begun = Stopwatch.GetTimestamp();
                await onceAsync(client);
                if (Stopwatch.GetElapsedTime(from) > settings.Warmup)
                    ticks.Add(Stopwatch.GetTimestamp() - begun);
            }

            await Task.Yield();
            return new Latencies(ticks);
        }
    }

    /// <summary>Returns the job when all of its text is there.</summary>
    private static async Task<string> BeginAsync(SocketClient asking)
    {
        await asking.SendAsync("""{"action":"chat","message":"Olá, IA!"}""");
        var accepted = await asking.ReadAsync();
        var job = SocketClient.Field(accepted, "jobId");
        await ReadTextAsync(asking);
        return job;
    }

    /// <summary>Reads deltas until the text is whole; the length of each message.</summary>
    private static async Task<List<int>> ReadTextAsync(SocketClient client)
    {
        var sizes = new List<int>();
        for (var stamps = 0; stamps < Chunks;)
        {
            var frame = await client.ReadAsync();
            if (!SocketClient.Is(frame, "message_delta"u8))
                continue;
            stamps += frame.Span.Count(PacedModel.Mark);
            sizes.Add(frame.Length);
        }

        return sizes;
    }
}
