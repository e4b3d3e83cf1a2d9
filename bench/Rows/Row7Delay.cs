using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 7: from the model's sending of a chunk to the frame's arrival at the client, uncoalesced, 100 streams that bring
/// 25,000 deltas a second together; beside it the same at a tenth of the rate. The model writes the machine's monotonic
/// clock into each chunk, the client reads the clock when it has the frame: two hops over loopback, and what the model and
/// the load need for themselves, are in it. Goals: p50 at most 150 µs, p99 at most 2 ms.
/// </summary>
internal static class Row7Delay
{
    private const int Chunks = 500;

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        int[] rates = [250, 25];
        var runs = rates.Select(_ => new List<DeltaResult>()).ToArray();
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            for (var i = 0; i < rates.Length; i++)
            {
                var run = new DeltaRun(PacedModel.Path(Chunks, rates[i]), settings.Streams, 0);
                runs[i].Add(await run.RunAsync(settings, program, model, TimeSpan.FromSeconds(1), cancellation));
            }
        }

        return new RowResult(
            7,
            "model chunk in → client frame out",
            [.. rates.SelectMany((rate, i) => (Figure[])[Of(rate, runs[i], 50, 0.15), Of(rate, runs[i], 99, 2)])],
            [.. rates.Select((rate, i) => string.Create(
                CultureInfo.InvariantCulture,
                $"{rate * settings.Streams} chunks/s asked for, {Spread.Of([.. runs[i].Select(run => run.ChunksPerSecond)]).Median:0} /s came"))]);

        Figure Of(int rate, List<DeltaResult> results, double percent, double goal)
        {
            double[] values = [.. results.Select(run => run.Latencies.Percentile(percent))];
            return new Figure
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"{rate * settings.Streams} deltas/s, p{percent}"),
                Unit = "ms",
                Ours = values,
                Theirs = [],
                Compared = values,
                Goal = new Goal(Direction.AtMost, goal, "ms"),
                Errors = results.Sum(run => run.Errors),
                FirstError = results.Select(run => run.FirstError).FirstOrDefault(error => error is not null),
            };
        }
    }
}
