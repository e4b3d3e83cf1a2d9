using CloudIa.Bench.Results;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 0, no part of the goals: the comparators among themselves, which tells whether the machine and the load generator
/// can show what rows 1 to 3 ask for. Batched commits reached 7-8 times single ones and 0.62-0.67 of reading the body
/// only on the two-core machine that the goals come from.
/// </summary>
internal static class Calibration
{
    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var (single, batched, reading) = (Side("single-commit"), Side("batched-commit"), Side("read-body"));
        var first = await AcceptComparison.RunAsync(settings, batched, single, [64, 256], cancellation);
        var second = await AcceptComparison.RunAsync(settings, batched, reading, [64, 256], cancellation);
        return new RowResult(
            0,
            "comparators among themselves",
            [
                .. first.Ratios("/s", run => run.PerSecond, new Goal(Direction.AtLeast, 6)).Select(figure => Named(figure, "batched ÷ one commit")),
                .. second.Ratios("/s", run => run.PerSecond, new Goal(Direction.AtLeast, 0.6)).Select(figure => Named(figure, "batched ÷ reading only")),
            ],
            []);

        AcceptSide Side(string name) => AcceptSide.Comparator(settings, name, ours: null);
    }

    private static Figure Named(Figure figure, string name) => figure with { Name = $"{name}, {figure.Name}" };
}
