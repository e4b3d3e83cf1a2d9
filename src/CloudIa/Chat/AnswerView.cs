using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;
using Markdig.Syntax;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CloudIa.Chat;

/// <summary>
/// One answer on its way down the terminal. Blocks that can change no more are written for good; the end of the
/// text, which still can, is drawn anew each time. So an answer longer than the window flows into its scrollback.
/// </summary>
internal sealed class AnswerView(IAnsiConsole console)
{
    // The unfinished line, and the block that it may turn out to belong to.
    private const int Unsettled = 2;

    private readonly ScreenTail _screen = new(console);
    private int _attempt;
    private int _written;

    /// <summary>Shows what there is so far.</summary>
    public void Grow(Answer answer, ConnectionState connection, bool stopping)
    {
        var text = Take(answer);
        var document = MarkdownRenderer.Parse(text[_written..]);
        var settled = Math.Max(0, document.Count - Unsettled);
        while (settled > 0 && !text.AsSpan(0, LineStart(text, document[settled])).EndsWith("\n\n"))
            settled--;

        var tail = document.Skip(settled).SelectMany(Spaced).ToList();
        if (Note(answer.State, connection, stopping, tail.Count == 0) is { } note)
            tail.Add(new Text(note, new Style(Color.Yellow)));
        _screen.Draw(document.Take(settled).SelectMany(Spaced), tail);
        if (settled > 0)
            _written = LineStart(text, document[settled]);
    }

    /// <summary>Shows the rest, and how it ended.</summary>
    public void Finish(Answer answer)
    {
        var rest = MarkdownRenderer.Parse(Take(answer)[_written..]).SelectMany(Spaced).ToList();
        var end = answer.State;
        if (end.Status == JobStatus.Cancelled)
            rest.Add(new Text("(stopped)\n", new Style(Color.Grey)));
        if (end.Status == JobStatus.Failed)
            rest.Add(new Text($"This message could not be answered: {TerminalText.Clean(end.Error?.Message ?? "")}\n", new Style(Color.Red)));
        _screen.Draw(rest, []);
    }

    private string Take(Answer answer)
    {
        var (position, held) = answer.Held;
        var text = TerminalText.Clean(held);
        if (position.Attempt != _attempt || text.Length < _written)
        {
            // What stands above cannot be taken back, so it is said that it does not count.
            if (_written > 0)
                _screen.Draw([new Rule("the answer begins again") { Style = new Style(Color.Yellow) }], []);
            (_attempt, _written) = (position.Attempt, 0);
        }

        return text;
    }

    // A block and the empty line under it.
    private static IRenderable[] Spaced(Block block) => [MarkdownRenderer.Render(block), new Text("")];

    private int LineStart(string text, Block block) => text.LastIndexOf('\n', _written + block.Span.Start) + 1;

    private static string? Note(AnswerState state, ConnectionState connection, bool stopping, bool empty) => state switch
    {
        _ when connection == ConnectionState.Waiting => "Connection lost; reconnecting by itself…",
        _ when stopping => "Stopping…",
        { Status: JobStatus.Deferred } => $"Waiting for the model: {TerminalText.Clean(state.Error?.Message ?? "")}",
        { Status: JobStatus.Queued } => "In the queue…",
        { Status: JobStatus.Running } when empty => "Thinking…",
        _ => null,
    };
}
