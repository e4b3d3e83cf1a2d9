using System.Globalization;
using System.Text.Json.Serialization;

namespace CloudIa.Bench.Results;

/// <summary>Which side of the goal is good.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Direction>))]
internal enum Direction
{
    AtLeast,
    AtMost,
}

/// <summary>What a figure is held against; the unit is empty for a ratio.</summary>
internal sealed record Goal(Direction Direction, double Value, string Unit = "")
{
    public bool IsMetBy(double value) => Direction == Direction.AtLeast ? value >= Value : value <= Value;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(Direction == Direction.AtLeast ? '≥' : '≤')} {Value:0.##}{(Unit.Length > 0 ? " " : "")}{Unit}");
}

/// <summary>One measured line of a row: both sides' repeats, in the order they ran, and what they are held against.</summary>
internal sealed record Figure
{
    public required string Name { get; init; }

    /// <summary>Of <see cref="Ours"/> and <see cref="Theirs"/>.</summary>
    public required string Unit { get; init; }

    public required IReadOnlyList<double> Ours { get; init; }

    public required IReadOnlyList<double> Theirs { get; init; }

    /// <summary>One value a repeat: the ratio or the difference of that repeat's two sides.</summary>
    public required IReadOnlyList<double> Compared { get; init; }

    /// <summary>Null where the figure stands for comparison.</summary>
    public required Goal? Goal { get; init; }

    /// <summary>Answers that were not the expected one, with the first of them; any makes the figure a failure.</summary>
    public int Errors { get; init; }

    public string? FirstError { get; init; }

    public Spread Spread => Spread.Of(Compared);

    /// <summary>pass · short · failed (there were errors); empty without a goal.</summary>
    public string Verdict => Errors > 0 ? "failed" : Goal is null ? "" : Goal.IsMetBy(Spread.Median) ? "pass" : "short";

    public static Figure Ratio(string name, string unit, IReadOnlyList<double> ours, IReadOnlyList<double> theirs, Goal goal) => new()
    {
        Name = name,
        Unit = unit,
        Ours = ours,
        Theirs = theirs,
        Compared = [.. ours.Zip(theirs, (mine, other) => mine / other)],
        Goal = goal,
    };
}
