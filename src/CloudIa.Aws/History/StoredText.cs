using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CloudIa.Aws.Storage;

namespace CloudIa.Aws.History;

/// <summary>
/// A text as an item keeps it: in itself, or, where it is long, as the name of parts that lie beside it. Parts are named
/// by what is in them, are there before the item that names them, and never change.
/// </summary>
internal readonly record struct StoredText(string? Inline, string? PartsName, int Parts)
{
    /// <summary>UTF-8 bytes of one part: an item has at most 400 KB.</summary>
    private const int PartBytes = 350_000;

    /// <summary>Whether it has no characters.</summary>
    public bool IsEmpty => Inline is { Length: 0 };

    /// <summary>Its parts, to be written before whatever names them.</summary>
    public IReadOnlyList<string> Content { get; private init; } = [];

    /// <param name="text">The text; no U+0000.</param>
    /// <param name="name">What it is, among the parts of its conversation.</param>
    /// <param name="most">UTF-8 bytes up to which the item keeps it in itself.</param>
    public static StoredText Of(string text, string name, int most)
    {
        if (Encoding.UTF8.GetByteCount(text) <= most)
        {
            return new StoredText(text, null, 0);
        }

        var parts = new List<string>();
        for (var from = 0; from < text.Length;)
        {
            var length = Fitting(text.AsSpan(from));
            parts.Add(text.Substring(from, length));
            from += length;
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return new StoredText(null, $"{name}#{Convert.ToHexStringLower(hash[..8])}", parts.Count) { Content = parts };
    }

    public static StoredText? From(Item item, string attribute)
    {
        if (item.Text(attribute) is { } inline)
        {
            return new StoredText(inline, null, 0);
        }

        if (item.Text(NameOf(attribute)) is not { } parts)
        {
            return null;
        }

        var mark = parts.IndexOf('*', StringComparison.Ordinal);
        return new StoredText(null, parts[(mark + 1)..], int.Parse(parts.AsSpan(0, mark), CultureInfo.InvariantCulture));
    }

    /// <summary>The attribute that keeps it, and its value.</summary>
    public (string Name, string Value) As(string attribute) =>
        Inline is not null ? (attribute, Inline) : (NameOf(attribute), string.Create(CultureInfo.InvariantCulture, $"{Parts}*{PartsName}"));

    /// <summary>The attribute that names the parts of a text.</summary>
    public static string NameOf(string attribute) => $"{attribute}In";

    /// <summary>No engine keeps U+0000 well: it is kept as U+FFFD.</summary>
    public static string Clean(string text) => text.Contains('\0', StringComparison.Ordinal) ? text.Replace('\0', '\uFFFD') : text;

    /// <summary>How many of a text's characters go into a part; no pair is cut.</summary>
    private static int Fitting(ReadOnlySpan<char> text)
    {
        // No character takes more than 3 bytes, and no pair more than 4.
        if (text.Length <= PartBytes / 3)
        {
            return text.Length;
        }

        int bytes = 0, length = 0;
        while (length < text.Length)
        {
            var pair = char.IsHighSurrogate(text[length]) && length + 1 < text.Length && char.IsLowSurrogate(text[length + 1]);
            bytes += pair ? 4 : text[length] < 0x80 ? 1 : text[length] < 0x800 ? 2 : 3;
            if (bytes > PartBytes)
            {
                break;
            }

            length += pair ? 2 : 1;
        }

        return length;
    }
}
