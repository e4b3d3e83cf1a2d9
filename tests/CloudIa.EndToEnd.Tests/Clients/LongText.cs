using System.Text;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>A long answer.</summary>
internal static class LongText
{
    private const int Characters = 1_000_000;

    // Not all of one byte a character, and some that JSON escapes.
    public static string Text()
    {
        var text = new StringBuilder();
        for (var line = 0; text.Length < Characters; line++)
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"Line {line}: \"coração\" 🚀 and so on\n");
        }

        return text.ToString();
    }

    public static List<string> Pieces(string text)
    {
        const int length = 8_000;
        var pieces = new List<string>();
        for (var at = 0; at < text.Length;)
        {
            var end = Math.Min(text.Length, at + length);
            if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
            {
                end--;
            }

            pieces.Add(text[at..end]);
            at = end;
        }

        return pieces;
    }
}
