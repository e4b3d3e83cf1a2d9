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

    /// <summary>With a frame's header, as much as the smallest buffers that hold it.</summary>
    public const int PieceBytes = 4096 - 16;

    /// <summary>Characters that are escaped at a time.</summary>
    private const int Step = 256;

    /// <summary>Bytes that a step may take: each character is escaped to six at most.</summary>
    private const int StepBytes = Step * 6;

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
        Span<char> escaped = stackalloc char[StepBytes];
        var source = text.Span.Slice(at, Math.Min(Step, text.Length - at));
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(source, escaped, out var consumed, out var length, isFinalBlock: at + source.Length == text.Length);
        at += consumed;
        written += Encoding.UTF8.GetBytes(escaped[..length], buffer.AsSpan(written));
    }
}
