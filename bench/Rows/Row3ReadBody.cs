using CloudIa.Bench.Results;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 3: accepted messages a second ÷ bare Kestrel that reads the body, keeps nothing and answers. Goal: at least 0.5.
/// </summary>
internal static class Row3ReadBody
{
    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var runs = await AcceptComparison.RunAsync(settings, "read-body", [64, 256], cancellation);
        return new RowResult(
            3,
            "accepts ÷ reading the body only",
            runs.Ratios("/s", run => run.PerSecond, new Goal(Direction.AtLeast, 0.5)),
            [AcceptComparison.Describe(settings)]);
    }
}
