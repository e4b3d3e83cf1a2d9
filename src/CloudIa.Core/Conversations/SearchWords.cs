using System.Globalization;
using System.Text;

namespace CloudIa.Core.Conversations;

/// <summary>What a search asks for. Every text is data: nothing in it is an operator.</summary>
public static class SearchWords
{
    /// <summary>The longest text that is searched for, in UTF-16 characters.</summary>
    public const int MaxLength = 200;

    /// <summary>The text's words: its runs of letters and digits, with the marks on them. None in a text of signs alone.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var words = new List<string>();
        var from = -1;
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsOfWord(rune))
            {
                from = from < 0 ? at : from;
            }
            else if (from >= 0)
            {
                words.Add(text[from..at]);
                from = -1;
            }

            at += rune.Utf16SequenceLength;
        }

        if (from >= 0)
        {
            words.Add(text[from..]);
        }

        return words;
    }

    private static bool IsOfWord(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
