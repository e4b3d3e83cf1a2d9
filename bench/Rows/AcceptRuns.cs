using CloudIa.Bench.Load;
using CloudIa.Bench.Results;

namespace CloudIa.Bench.Rows;

/// <summary>Every repeat of both sides of an accept row, by number of connections.</summary>
internal sealed class AcceptRuns(IReadOnlyList<int> connections)
{
    public IReadOnlyList<List<LoadResult>> Ours { get; } = [.. connections.Select(_ => new List<LoadResult>())];

    public IReadOnlyList<List<LoadResult>> Theirs { get; } = [.. connections.Select(_ => new List<LoadResult>())];

    /// <summary>The first side's figure ÷ the second's, at each number of connections.</summary>
    public IReadOnlyList<Figure> Ratios(string unit, Func<LoadResult, double> value, Goal goal) =>
        [.. connections.Select((count, i) => Compare(count, Ours[i], Theirs[i], unit, value, goal))];

    private static Figure Compare(
        int count, List<LoadResult> ours, List<LoadResult> theirs, string unit, Func<LoadResult, double> value, Goal goal)
    {
        var name = count == 1 ? "1 connection" : $"{count} connections";
        return Figure.Ratio(name, unit, [.. ours.Select(value)], [.. theirs.Select(value)], goal) with
        {
            Errors = ours.Concat(theirs).Sum(run => run.Errors),
            FirstError = ours.Concat(theirs).Select(run => run.FirstError).FirstOrDefault(error => error is not null),
        };
    }
}
