using CloudIa.Bench.Results;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 2: accepted messages a second ÷ bare Kestrel whose one writer commits all waiting callers at once. Goal: at least
/// 0.85, so that everything the service does beside the commit costs at most 15 %.
/// </summary>
internal static class Row2BatchedCommit
{
    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var runs = await AcceptComparison.RunAsync(settings, "batched-commit", [64, 256], cancellation);
        return new RowResult(
            2,
            "accepts ÷ the same batched commit",
            runs.Ratios("/s", run => run.PerSecond, new Goal(Direction.AtLeast, 0.85)),
            [AcceptComparison.Describe(settings)]);
    }
}
