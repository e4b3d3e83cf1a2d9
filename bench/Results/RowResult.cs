namespace CloudIa.Bench.Results;

/// <summary>One row of the performance page, measured.</summary>
internal sealed record RowResult(int Row, string Title, IReadOnlyList<Figure> Figures, IReadOnlyList<string> Notes);
