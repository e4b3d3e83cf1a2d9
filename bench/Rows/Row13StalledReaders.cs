using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 13: how far our server's resident memory grows with 1,000 sockets whose clients do not read, 20 an owner, while each
/// owner is answered again and again; and the delay of healthy readers' deltas beside them ÷ without. Memory is the highest
/// that was seen, less that under the same streams before. Goals: at most 64 MiB, at most twice.
/// </summary>
internal static class Row13StalledReaders
{
    private const int Readers = 1000;
    private const int PerOwner = 20;
    private const int Healthy = 20;
    private static readonly TimeSpan Filling = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        var (growth, with, without) = (new List<double>(), new List<DeltaResult>(), new List<DeltaResult>());
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            // Some 8 KB a second and socket: what is not read fills what a connection may buffer within the measurement.
            var run = new DeltaRun(PacedModel.Path(3000, 100), Readers / PerOwner + Healthy, null);
            await using var server = await run.StartAsync(program, model, cancellation);
            var healthy = await Sessions.OpenAsync(server.Port, Healthy, cancellation);
            without.Add(await HealthyAsync(server, healthy, settings.Warmup));
            var before = server.ResidentKilobytes();

            var stalled = new List<SocketClient>();
            try
            {
                foreach (var token in await Sessions.OpenAsync(server.Port, Readers / PerOwner, cancellation))
                {
                    for (var i = 0; i < PerOwner; i++)
                        stalled.Add(await SocketClient.OpenAsync(server.Port, token, cancellation, receiveBuffer: 4096));
                    await stalled[^1].SendAsync("""{"action":"chat","message":"Olá, IA!"}""");
                }

                var highest = before;
                var measuring = HealthyAsync(server, healthy, TimeSpan.Zero);
                while (!measuring.IsCompleted)
                {
                    highest = Math.Max(highest, server.ResidentKilobytes());
                    await Task.Delay(Look, TimeProvider.System, cancellation);
                }

                with.Add(await measuring);
                growth.Add((highest - before) / 1024.0);
                await Console.Error.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {growth[^1]:0.0} MiB beyond {before / 1024.0:0.0} MiB; healthy p99 {without[^1].Latencies.Percentile(99):0.0} ms without, {with[^1].Latencies.Percentile(99):0.0} ms with, {with[^1].Errors} errors {with[^1].FirstError}"));
            }
            finally
            {
                stalled.ForEach(client => client.Dispose());
            }
        }

        var errors = with.Concat(without).ToList();
        return new RowResult(
            13,
            $"{Readers} stalled readers",
            [
                new Figure
                {
                    Name = "resident growth",
                    Unit = "MiB",
                    Ours = growth,
                    Theirs = [],
                    Compared = growth,
                    Goal = new Goal(Direction.AtMost, 64, "MiB"),
                },
                Figure.Ratio("healthy readers' p99 with ÷ without", "ms", [.. with.Select(P99)], [.. without.Select(P99)], new Goal(Direction.AtMost, 2)) with
                {
                    Errors = errors.Sum(run => run.Errors),
                    FirstError = errors.Select(run => run.FirstError).FirstOrDefault(error => error is not null),
                },
            ],
            [string.Create(CultureInfo.InvariantCulture, $"{Healthy} healthy readers; {Readers / PerOwner} answers of 66 KB in 30 s run to those who do not read, {PerOwner} sockets each")]);

        Task<DeltaResult> HealthyAsync(ServerProcess server, IReadOnlyList<string> tokens, TimeSpan warmup) =>
            DeltaLoad.RunAsync(server.Port, tokens, TimeSpan.FromSeconds(1), warmup, Least(settings.Duration), cancellation);

        static TimeSpan Least(TimeSpan duration) => duration > Filling ? duration : Filling;

        static double P99(DeltaResult run) => run.Latencies.Percentile(99);
    }
}
