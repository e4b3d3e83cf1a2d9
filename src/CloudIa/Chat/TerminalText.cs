namespace CloudIa.Chat;

/// <summary>Text that nobody vouches for, on its way to a terminal.</summary>
internal static class TerminalText
{
    /// <summary>
    /// Makes control characters visible: an escape sequence in an answer could move the cursor, rename the
    /// window or write to the clipboard.
    /// </summary>
    public static string Clean(string text) => string.Create(text.Length, text, (clean, from) =>
    {
        for (var i = 0; i < clean.Length; i++)
            clean[i] = char.IsControl(from[i]) && from[i] is not ('\n' or '\t') ? '\uFFFD' : from[i];
    });
}
