namespace CloudIa.Web.Markdown;

/// <summary>
/// The blocks of a text that grows. Only its last block can still change as text is added, so only that one is
/// rendered again: the work a delta costs follows the length of a paragraph, not of the answer, and the blocks
/// above it keep their place in the page, selected text and all.
/// </summary>
public sealed class StreamedMarkdown(SafeMarkdown markdown)
{
    private readonly List<MarkdownPart> _parts = [];
    private string _text = "";

    /// <summary>The HTML of the blocks, in order.</summary>
    public IReadOnlyList<MarkdownPart> Parts => _parts;

    /// <summary>Shows a text, which usually continues the last one shown.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="whole">
    /// The text has ended. It is then rendered in one go, for what a later block can change in an earlier one:
    /// the definition of a link.
    /// </param>
    public void Show(string text, bool whole)
    {
        var from = 0;
        if (!whole && _parts.Count > 0 && text.StartsWith(_text, StringComparison.Ordinal))
        {
            // From the beginning of its line: an indent counts.
            from = _parts[^1].Start == 0 ? 0 : text.LastIndexOf('\n', _parts[^1].Start - 1) + 1;
            _parts.RemoveAt(_parts.Count - 1);
        }
        else
        {
            _parts.Clear();
        }

        foreach (var part in markdown.Render(text[from..]))
            _parts.Add(part with { Start = part.Start + from });
        _text = text;
    }
}
