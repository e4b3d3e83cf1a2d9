using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>The text of one running job's newest attempt. Safe for one writer and many readers.</summary>
public sealed class AnswerLog
{
    private const int FirstCapacity = 1024;

    private readonly Lock gate = new();
    private EventHead head;
    private int attempt;
    private char[] text = [];
    private int length;

    /// <summary>Where the text ends.</summary>
    public Position End
    {
        get
        {
            lock (gate)
            {
                return new Position(attempt, length);
            }
        }
    }

    /// <summary>Voids what is there and begins an attempt. False for an attempt that is not newer.</summary>
    public bool Start(EventHead newHead, int newAttempt)
    {
        lock (gate)
        {
            if (newAttempt <= attempt)
            {
                return false;
            }

            (head, attempt, length) = (newHead, newAttempt, 0);
            return true;
        }
    }

    /// <summary>Appends at the end of the newest attempt. False for any other place.</summary>
    public bool Append(Position at, ReadOnlySpan<char> delta)
    {
        lock (gate)
        {
            if (at.Attempt != attempt || at.Offset != length)
            {
                return false;
            }

            if (text.Length < length + delta.Length)
            {
                Array.Resize(ref text, Math.Max(Math.Max(FirstCapacity, text.Length * 2), length + delta.Length));
            }

            delta.CopyTo(text.AsSpan(length));
            length += delta.Length;
            return true;
        }
    }

    /// <summary>At most so much text after a position; from the attempt's beginning where that position does not exist in it.</summary>
    public AnswerSlice Read(Position from, int limit)
    {
        lock (gate)
        {
            var exists = from.Attempt == attempt && from.Offset <= length && !SplitsCharacter_NeedsLock(from.Offset);
            var offset = exists ? from.Offset : 0;
            var end = length - offset <= limit ? length : offset + limit;
            if (SplitsCharacter_NeedsLock(end))
            {
                end--;
            }

            return new AnswerSlice(head, new Position(attempt, offset), new string(text, offset, end - offset), end < length);
        }
    }

    /// <summary>All text of an attempt behind a place, even where that lies within a character; none where the attempt is not the newest.</summary>
    public char[] CopyAfter(Position at)
    {
        lock (gate)
        {
            return at.Attempt == attempt && at.Offset < length ? text[at.Offset..length] : [];
        }
    }

    private bool SplitsCharacter_NeedsLock(int offset) =>
        offset > 0 && offset < length && char.IsLowSurrogate(text[offset]) && char.IsHighSurrogate(text[offset - 1]);
}
