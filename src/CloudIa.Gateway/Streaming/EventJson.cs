using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>
/// The JSON of an event with a long text, made piece by piece in one rented buffer: however long the text is, a
/// connection holds no more of its JSON than that.
/// </summary>
internal sealed class EventJson : IDisposable
{
    /// <summary>Texts longer than this are written in pieces.</summary>
    public const int LongText = 1024;

    /// <summary>With a frame's header, as much as a rented buffer of 8 KiB holds: two of these and the response's buffer stay below 64 KiB.</summary>
    public const int PieceBytes = 8192 - 16;

    /// <summary>Characters that are escaped at a time: one that needs it seldom has another close by.</summary>
    private const int Step = 16;

    /// <summary>Bytes that a step may take: each character is escaped to six at most.</summary>
    private const int StepBytes = Step * 6;

    /// <summary>ASCII that JSON does not escape.</summary>
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        [.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).Where(character => character is not ('"' or '\\'))]);

    private readonly byte[] rest;
    private readonly int split;
    private readonly SentText text;
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
    private int written;
    private int at;
    private int put;

    /// <param name="sent">The event, its text taken out.</param>
    /// <param name="text">The text, which stands in the event's only text that may be long.</param>
    public EventJson(ServerEvent sent, SentText text)
    {
        this.text = text;
        rest = JsonSerializer.SerializeToUtf8Bytes(sent, ProtocolJson.Wire.ServerEvent);

        // A quote within a string is escaped, so that these bytes are the property and nothing that a text says.
        var property = sent switch
        {
            MessageDelta => "\"delta\":\"\""u8,
            Accepted => "\"message\":\"\""u8,
            _ => "\"content\":\"\""u8,
        };
        split = rest.AsSpan().IndexOf(property) + property.Length - 1;
    }

    /// <summary>Whether the last piece was taken.</summary>
    public bool Done { get; private set; }

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    /// <summary>The next piece, at most <see cref="PieceBytes"/>; it stands until the next call.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        written = 0;
        Put(split);
        while (put == split && at < text.Length && PieceBytes - written >= StepBytes)
        {
            PutText();
        }

        if (at == text.Length)
        {
            Put(rest.Length);
            Done = put == rest.Length;
        }

        return buffer.AsMemory(0, written);
    }

    /// <summary>What has room of the event around its text, up to a place.</summary>
    private void Put(int end)
    {
        var length = Math.Min(end - put, PieceBytes - written);
        if (length > 0)
        {
            rest.AsSpan(put, length).CopyTo(buffer.AsSpan(written));
            put += length;
            written += length;
        }
    }

    private void PutText()
    {
        // Most text stands in JSON as it is, a byte a character: that is copied, and only the rest escaped.
        var left = text.Span[at..];
        var plain = left[..Math.Min(left.Length, PieceBytes - written)].IndexOfAnyExcept(Plain);
        if (plain < 0)
        {
            plain = Math.Min(left.Length, PieceBytes - written);
        }

        written += Encoding.UTF8.GetBytes(left[..plain], buffer.AsSpan(written));
        at += plain;
        if (at < text.Length && PieceBytes - written >= StepBytes)
        {
            PutEscaped();
        }
    }

    private void PutEscaped()
    {
        Span<char> escaped = stackalloc char[StepBytes];
        var source = text.Span.Slice(at, Math.Min(Step, text.Length - at));
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(source, escaped, out var consumed, out var length, isFinalBlock: at + source.Length == text.Length);
        at += consumed;
        written += Encoding.UTF8.GetBytes(escaped[..length], buffer.AsSpan(written));
    }
}
