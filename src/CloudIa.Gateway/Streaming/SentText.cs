using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>
/// A text on its way to one client. A slow client may take minutes over it; while a send waits, a text that can be
/// read again is left to the garbage collector, so that a thousand stalled clients do not hold a thousand answers.
/// </summary>
/// <param name="text">All of it.</param>
/// <param name="again">Reads the same text once more, null where it is gone; null where others keep it anyway.</param>
internal sealed class SentText(string text, Func<Task<string?>>? again = null)
{
    private readonly WeakReference<string> kept = new(text);
    private string? held = text;

    /// <summary>In UTF-16 units.</summary>
    public int Length { get; } = text.Length;

    /// <summary>The text; to be asked for only after <see cref="HoldAsync"/> where a send waited.</summary>
    public ReadOnlySpan<char> Span => held;

    /// <summary>At most so much of it from a place on, without cutting a character in two.</summary>
    public string Piece(int from, int limit)
    {
        var length = Math.Min(limit, Length - from);
        var span = Span;
        if (from + length < span.Length && char.IsHighSurrogate(span[from + length - 1]) && char.IsLowSurrogate(span[from + length]))
        {
            length--;
        }

        return new string(span.Slice(from, length));
    }

    /// <summary>A piece of it, on its way by itself.</summary>
    public SentText Part(int from, string piece)
    {
        var length = piece.Length;
        return new SentText(piece, again is null ? null : async () =>
        {
            await HoldAsync();
            var same = Piece(from, length);
            LetGo();
            return same;
        });
    }

    /// <summary>A send waits: the text may go.</summary>
    public void LetGo()
    {
        if (again is not null)
        {
            held = null;
        }
    }

    /// <summary>Has the text again.</summary>
    /// <exception cref="IOException">It is gone: its conversation was deleted, or its attempt was voided.</exception>
    public async ValueTask HoldAsync()
    {
        if (held is not null || kept.TryGetTarget(out held))
        {
            return;
        }

        held = await again!();
        if (held?.Length != Length)
        {
            held = null;
            throw new IOException("The text on its way to a client is gone.");
        }

        kept.SetTarget(held);
    }

    /// <summary>Takes a long text out of its event, so that the event can be written in pieces. Null where it is short.</summary>
    public static (ServerEvent Event, SentText Text)? OutOf(ServerEvent sent) => sent switch
    {
        MessageDelta { Delta.Length: > EventJson.LongText } delta => (delta with { Delta = "" }, new(delta.Delta)),
        MessageCompleted { Content.Length: > EventJson.LongText } completed => (completed with { Content = "" }, new(completed.Content)),
        MessageStopped { Content.Length: > EventJson.LongText } stopped => (stopped with { Content = "" }, new(stopped.Content)),
        Accepted { Message.Length: > EventJson.LongText } accepted => (accepted with { Message = "" }, new(accepted.Message)),
        _ => null,
    };
}
