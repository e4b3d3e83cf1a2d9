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

    private int _attempt;
    private int _written;

    /// <summary>Writes what is settled and returns what is not.</summary>
    public IRenderable Grow(Answer answer, ConnectionState connection, bool stopping)
    {
        var text = Take(answer);
        var document = MarkdownRenderer.Parse(text[_written..]);
        var settled = Math.Max(0, document.Count - Unsettled);
        while (settled > 0 && !text.AsSpan(0, LineStart(text, document[settled])).EndsWith("\n\n"))
            settled--;
        foreach (var block in document.Take(settled))
            Write(block);

        var tail = document.Skip(settled).Select(MarkdownRenderer.Render).ToList();
        if (settled > 0)
            _written = LineStart(text, document[settled]);
        if (Note(answer.State, connection, stopping, tail.Count == 0) is { } note)
            tail.Add(new Text(note, new Style(Color.Yellow)));
        return new Rows(tail);
    }

    /// <summary>Writes the rest, and how it ended.</summary>
    public void Finish(Answer answer)
    {
        foreach (var block in MarkdownRenderer.Parse(Take(answer)[_written..]))
            Write(block);

        var end = answer.State;
        if (end.Status == JobStatus.Cancelled)
            console.Write(new Text("(stopped)\n", new Style(Color.Grey)));
        if (end.Status == JobStatus.Failed)
            console.Write(new Text($"This message could not be answered: {TerminalText.Clean(end.Error?.Message ?? "")}\n", new Style(Color.Red)));
        console.WriteLine();
    }

    private string Take(Answer answer)
    {
        var (text, attempt) = (TerminalText.Clean(answer.Text), answer.Position.Attempt);
        if (attempt != _attempt || text.Length < _written)
        {
            // What stands above cannot be taken back, so it is said that it does not count.
            if (_written > 0)
                console.Write(new Rule("the answer begins again") { Style = new Style(Color.Yellow) });
            (_attempt, _written) = (attempt, 0);
        }

        return text;
    }

    private void Write(Block block)
    {
        console.Write(MarkdownRenderer.Render(block));
        console.WriteLine();
    }

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
