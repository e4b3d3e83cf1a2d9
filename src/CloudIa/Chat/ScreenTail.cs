using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace CloudIa.Chat;

/// <summary>
/// The last lines of the terminal, which are drawn anew while those above them stay. Spectre's own live display
/// does not clear what it held when something is written above it.
/// </summary>
internal sealed class ScreenTail(IAnsiConsole console)
{
    private int _drawn;

    /// <summary>Writes lines for good, and under them those that the next call replaces.</summary>
    public void Draw(IEnumerable<IRenderable> settled, IEnumerable<IRenderable> tail)
    {
        var segments = new List<Segment>();
        if (_drawn > 0)
            segments.Add(Segment.Control(string.Create(CultureInfo.InvariantCulture, $"\e[{_drawn}F\e[J")));
        foreach (var line in LinesOf(settled))
            Add(segments, line);

        _drawn = 0;
        // A screen that cannot be drawn on twice gets only what is settled.
        if (console.Profile.Capabilities.Ansi)
        {
            // Lines that have left the window cannot be reached any more, so the tail stays inside it.
            var lines = LinesOf(tail).TakeLast(Math.Max(1, console.Profile.Height - 1)).ToList();
            foreach (var line in lines)
                Add(segments, line);
            _drawn = lines.Count;
        }

        console.Write(new Drawing(segments));
    }

    private List<SegmentLine> LinesOf(IEnumerable<IRenderable> parts)
    {
        var options = RenderOptions.Create(console, console.Profile.Capabilities);
        return Segment.SplitLines(((IRenderable)new Rows(parts)).Render(options, console.Profile.Width));
    }

    private static void Add(List<Segment> segments, SegmentLine line)
    {
        segments.AddRange(line);
        segments.Add(Segment.LineBreak);
    }

    private sealed class Drawing(List<Segment> segments) : Renderable
    {
        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => segments;
    }
}
