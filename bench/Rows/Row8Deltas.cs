using System.Diagnostics;
using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 8: the model's chunks that reach clients a second, ÷ the messages a second of a raw Kestrel WebSocket loop that
/// sends as many bytes a message as an uncoalesced delta has. The model pours without a pause. On our side the model's HTTP
/// stream is read and parsed beside, on theirs nothing is. Goals: at least 0.7 uncoalesced, 3 coalesced.
/// </summary>
internal static class Row8Deltas
{
    private const int Streams = 16;
    private const int Chunks = 4000;

    /// <summary>Of a message with one chunk.</summary>
    private const int DeltaBytes = 290;

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        var (uncoalesced, coalesced, raw) = (new List<DeltaResult>(), new List<DeltaResult>(), new List<double>());
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            uncoalesced.Add(await OursAsync(0));
            coalesced.Add(await OursAsync(null));
            raw.Add(await RawAsync(settings, program, cancellation));
        }

        return new RowResult(
            8,
            "deltas ÷ raw WebSocket messages",
            [Compare("uncoalesced", uncoalesced, 0.7), Compare("coalesced", coalesced, 3)],
            [string.Create(CultureInfo.InvariantCulture, $"{Streams} streams; bytes a message uncoalesced: {uncoalesced.Sum(run => run.Bytes) / (double)uncoalesced.Sum(run => run.Frames):0} ours, {DeltaBytes} raw; chunks a message: {uncoalesced.Sum(run => run.Chunks) / (double)uncoalesced.Sum(run => run.Frames):0.00} uncoalesced, {coalesced.Sum(run => run.Chunks) / (double)coalesced.Sum(run => run.Frames):0.0} coalesced")]);

        Task<DeltaResult> OursAsync(int? milliseconds) =>
            new DeltaRun(PacedModel.Path(Chunks, 0), Streams, milliseconds).RunAsync(settings, program, model, TimeSpan.Zero, cancellation);

        Figure Compare(string name, List<DeltaResult> ours, double goal) =>
            Figure.Ratio(name, "/s", [.. ours.Select(run => run.ChunksPerSecond)], raw, new Goal(Direction.AtLeast, goal)) with
            {
                Errors = ours.Sum(run => run.Errors),
                FirstError = ours.Select(run => run.FirstError).FirstOrDefault(error => error is not null),
            };
    }

    private static async Task<double> RawAsync(BenchSettings settings, string program, CancellationToken cancellation)
    {
        await using var server = await ComparatorServer.StartReadyAsync("raw-sockets", program, cancellation);
        var clients = new List<SocketClient>();
        try
        {
            for (var i = 0; i < Streams; i++)
                clients.Add(await SocketClient.OpenBareAsync(server.Port, null, cancellation));
            var from = Stopwatch.GetTimestamp() + (long)(settings.Warmup.TotalSeconds * Stopwatch.Frequency);
            var to = from + (long)(settings.Duration.TotalSeconds * Stopwatch.Frequency);
            var counts = await Task.WhenAll(clients.Select(client => CountAsync(client, from, to)));
            await Task.Yield();
            var each = counts.Sum() / settings.Duration.TotalSeconds;
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  raw: {each:0} messages/s"));
            return each;
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task<long> CountAsync(SocketClient client, long from, long to)
    {
        var order = string.Create(CultureInfo.InvariantCulture, $"{Chunks}*{DeltaBytes}");
        for (long count = 0; ;)
        {
            await client.SendAsync(order);
            for (var i = 0; i < Chunks; i++)
            {
                await client.ReadAsync();
                var now = Stopwatch.GetTimestamp();
                if (now >= to)
                    return count;
                count += now >= from ? 1 : 0;
            }
        }
    }
}
