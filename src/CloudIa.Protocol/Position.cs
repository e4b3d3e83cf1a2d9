using System.Globalization;

namespace CloudIa.Protocol;

/// <summary>
/// A place in a streamed answer. Positions order by attempt, then by offset; a reader that holds one
/// can go on from it over any transport.
/// </summary>
/// <param name="Attempt">The try that produces the text, counted from 1; 0 before any.</param>
/// <param name="Offset">The UTF-16 length of the answer's text before this place.</param>
public readonly record struct Position(int Attempt, int Offset) : IComparable<Position>
{
    /// <summary>Before the first attempt: holding nothing.</summary>
    public static Position Start => default;

    /// <summary>Reads "attempt-offset", the form of an SSE id. False for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Position position)
    {
        position = default;
        var dash = text.IndexOf('-');
        if (dash <= 0
            || !int.TryParse(text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var attempt)
            || !int.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            return false;
        }

        position = new Position(attempt, offset);
        return true;
    }

    public int CompareTo(Position other) =>
        Attempt != other.Attempt ? Attempt.CompareTo(other.Attempt) : Offset.CompareTo(other.Offset);

    public static bool operator <(Position left, Position right) => left.CompareTo(right) < 0;

    public static bool operator >(Position left, Position right) => left.CompareTo(right) > 0;

    public static bool operator <=(Position left, Position right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Position left, Position right) => left.CompareTo(right) >= 0;

    /// <summary>"attempt-offset".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Attempt}-{Offset}");
}
