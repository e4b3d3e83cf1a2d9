using CloudIa.Bench.Results;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 4: the median time of one client's accept, one request after the other on one connection, ÷ that of bare Kestrel
/// with one durable commit a request. Goal: at most 1.15.
/// </summary>
internal static class Row4OneClient
{
    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var runs = await AcceptComparison.RunAsync(settings, "bare-commit", [1], cancellation);
        return new RowResult(
            4,
            "one client's accept p50 ÷ one commit",
            runs.Ratios("ms", run => run.Latencies.Percentile(50), new Goal(Direction.AtMost, 1.15)),
            [AcceptComparison.Describe(settings)]);
    }
}
