namespace CloudIa.Web.Markdown;

/// <summary>
/// The blocks of a text that grows. Its unfinished line is a block of its own or belongs to the one before, so
/// only the last two blocks can still change as text is added, and only those are rendered again: the work a
/// delta costs follows the length of a paragraph, not of the answer, and the blocks above keep their place in
/// the page, selected text and all.
/// </summary>
public sealed class StreamedMarkdown(SafeMarkdown markdown)
{
    private const int Unsettled = 2;

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
        var settled = !whole && text.StartsWith(_text, StringComparison.Ordinal) ? Settled() : 0;
        var from = settled == 0 ? 0 : LineStart(settled);
        _parts.RemoveRange(settled, _parts.Count - settled);
        foreach (var part in markdown.Render(text[from..]))
            _parts.Add(part with { Start = part.Start + from });
        _text = text;
    }

    // What stands right under another block may have been taken for a part of it, had it come alone: only
    // behind an empty line does a block begin whatever stood before.
    private int Settled()
    {
        var settled = Math.Max(0, _parts.Count - Unsettled);
        while (settled > 0 && !_text.AsSpan(0, LineStart(settled)).EndsWith("\n\n"))
            settled--;
        return settled;
    }

    // From the beginning of its line: an indent counts.
    private int LineStart(int part) => _text.LastIndexOf('\n', _parts[part].Start) + 1;
}
