using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 10: frames that a client is sent ÷ chunks that the model sent, at the rates at which models talk; and how late
/// the first text comes, which must not wait for company. Goal: at most 0.15.
/// </summary>
internal static class Row10Frames
{
    private const int Streams = 20;

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        (int Rate, int? Milliseconds)[] cases = [(60, null), (100, null), (60, 50), (100, 50)];
        var runs = cases.Select(_ => new List<DeltaResult>()).ToArray();
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            for (var i = 0; i < cases.Length; i++)
            {
                // Answers of four seconds: 240 and 400 tokens.
                var run = new DeltaRun(PacedModel.Path(4 * cases[i].Rate, cases[i].Rate), Streams, cases[i].Milliseconds);
                runs[i].Add(await run.RunAsync(settings, program, model, TimeSpan.FromSeconds(4), cancellation));
            }
        }

        return new RowResult(
            10,
            "frames ÷ model chunks",
            [.. cases.Select((one, i) => Figure.Ratio(
                $"{one.Rate} chunks/s, coalesced {(one.Milliseconds is { } milliseconds ? $"{milliseconds} ms" : "by default")}",
                "/s",
                [.. runs[i].Select(run => run.Frames / run.Elapsed.TotalSeconds)],
                [.. runs[i].Select(run => run.ChunksPerSecond)],
                new Goal(Direction.AtMost, 0.15)) with
            {
                Errors = runs[i].Sum(run => run.Errors),
                FirstError = runs[i].Select(run => run.FirstError).FirstOrDefault(error => error is not null),
            })],
            [.. cases.Select((one, i) => string.Create(
                CultureInfo.InvariantCulture,
                $"{one.Rate} chunks/s, {one.Milliseconds?.ToString(CultureInfo.InvariantCulture) ?? "default"} ms: the first text of an answer came after p50 {Spread.Of([.. runs[i].Select(run => run.FirstLatencies.Percentile(50))]).Median:0.00} ms, any text after p50 {Spread.Of([.. runs[i].Select(run => run.Latencies.Percentile(50))]).Median:0.0} ms"))]);
    }
}
