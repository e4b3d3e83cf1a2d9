using CloudIa.Bench.Results;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 1: accepted messages a second ÷ bare Kestrel that makes one durable SQLite commit (WAL, synchronous=FULL) a
/// request, at 64 and 256 connections. Goal: at least 6 times as many.
/// </summary>
internal static class Row1OneCommit
{
    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var runs = await AcceptComparison.RunAsync(settings, "single-commit", [64, 256], cancellation);
        return new RowResult(
            1,
            "accepts ÷ one FULL commit a request",
            runs.Ratios("/s", run => run.PerSecond, new Goal(Direction.AtLeast, 6)),
            [AcceptComparison.Describe(settings)]);
    }
}
