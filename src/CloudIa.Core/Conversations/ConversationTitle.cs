namespace CloudIa.Core.Conversations;

/// <summary>The title that a conversation has until its owner gives it another.</summary>
public static class ConversationTitle
{
    /// <summary>The longest title that an owner may give, in UTF-16 characters.</summary>
    public const int MaxGivenLength = 200;

    /// <summary>What a list shows on one line.</summary>
    private const int MaxLength = 60;

    /// <summary>The message's first line that says something, shortened at a word where it can be.</summary>
    public static string From(string message)
    {
        var text = message.AsSpan().Trim();
        var lineEnd = text.IndexOfAny('\r', '\n');
        if (lineEnd >= 0)
        {
            text = text[..lineEnd].TrimEnd();
        }

        if (text.Length <= MaxLength)
        {
            return text.ToString();
        }

        text = text[..MaxLength];
        var word = text.LastIndexOf(' ');
        text = word > MaxLength / 2 ? text[..word] : text;
        if (char.IsHighSurrogate(text[^1]))
        {
            text = text[..^1];
        }

        return string.Concat(text.TrimEnd(), "…");
    }
}
