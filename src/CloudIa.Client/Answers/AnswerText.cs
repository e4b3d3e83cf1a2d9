using System.Text;
using CloudIa.Protocol;

namespace CloudIa.Client.Answers;

/// <summary>
/// Step 9 of the way of a message: the text of one answer is whatever its holder has up to its position.
/// Deltas may come twice, late, or with a piece missing between them; the text stays a prefix of one attempt's
/// text all the same. Not safe for use from several threads at once; <see cref="Answer"/> is.
/// </summary>
public sealed class AnswerText
{
    private readonly StringBuilder _text = new();
    private string? _read;

    /// <summary>Begins empty, at <see cref="Position.Start"/>.</summary>
    public AnswerText()
    {
    }

    /// <summary>Begins with text that was read elsewhere.</summary>
    /// <param name="attempt">The attempt the text is of, from 1.</param>
    /// <param name="text">The attempt's text from its beginning.</param>
    public AnswerText(int attempt, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Attempt = attempt;
        _text.Append(text);
    }

    /// <summary>The attempt that the text is of; 0 before any.</summary>
    public int Attempt { get; private set; }

    /// <summary>Where the text ends: what a resume names.</summary>
    public Position Position => new(Attempt, _text.Length);

    /// <summary>The text held.</summary>
    public override string ToString() => _read ??= _text.ToString();

    /// <summary>Takes a delta in at (<paramref name="attempt"/>, <paramref name="offset"/>).</summary>
    /// <param name="attempt">The attempt the delta is of.</param>
    /// <param name="offset">The UTF-16 length of that attempt's text before the delta.</param>
    /// <param name="delta">The text to place there.</param>
    /// <returns>Ignored, Appended, Replaced (first text of a newer attempt) or Gap.</returns>
    public FoldOutcome Place(int attempt, int offset, string delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        if (attempt < Attempt)
            return FoldOutcome.Ignored;

        var restarted = Restart(attempt) == FoldOutcome.Replaced;
        if (offset > _text.Length)
            return FoldOutcome.Gap;

        var held = _text.Length - offset;
        if (held >= delta.Length)
            return restarted ? FoldOutcome.Replaced : FoldOutcome.Ignored;

        _text.Append(delta, held, delta.Length - held);
        _read = null;
        return restarted ? FoldOutcome.Replaced : FoldOutcome.Appended;
    }

    /// <summary>An attempt has begun: the text of any earlier one is void.</summary>
    /// <returns>Replaced, or Ignored where the attempt is not newer than the one held.</returns>
    public FoldOutcome Restart(int attempt) =>
        attempt <= Attempt ? FoldOutcome.Ignored : Replace(attempt, "");

    /// <summary>
    /// Takes the service's word over whatever is held: the stored text of an ended answer, or nothing where
    /// the service does not know the position that was asked for.
    /// </summary>
    public FoldOutcome Replace(int attempt, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Attempt = attempt;
        _text.Clear().Append(text);
        _read = null;
        return FoldOutcome.Replaced;
    }

    /// <summary>The attempt has ended.</summary>
    /// <param name="attempt">The attempt that ended.</param>
    /// <param name="text">Its stored text; null where the deltas before were all of it.</param>
    public void End(int attempt, string? text)
    {
        if (text is null)
            Restart(attempt);
        else
            Replace(attempt, text);
    }
}
