using System.Globalization;
using CloudIa.Chat;
using CloudIa.Protocol;
using Spectre.Console;

namespace CloudIa.DeadLetters;

/// <summary>Shows letters: a table in a terminal, plain lines in a pipe.</summary>
internal static class LetterPrinter
{
    /// <summary>The columns of a plain list.</summary>
    public static readonly string[] Columns = ["ID", "time of death", "reason", "attempts", "job", "conversation", "owner", "beginning of the message"];

    public static void Print(Page<DeadLetterView> page)
    {
        if (Console.IsOutputRedirected)
        {
            foreach (var letter in page.Items)
                Console.Out.WriteLine(string.Join('\t', Fields(letter)));
            return;
        }

        var console = AnsiConsole.Console;
        if (page.Items.Count == 0)
        {
            console.MarkupLine("[grey]There are no dead letters.[/]");
            return;
        }

        var table = new Table().Border(TableBorder.Minimal).AddColumns("ID", "Died", "Reason", "Attempts", "Message");
        foreach (var letter in page.Items)
        {
            table.AddRow(
                new Text(letter.Id),
                new Text(letter.DeadAt.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)),
                new Text(letter.Reason),
                new Text(Number(letter.Attempts)).RightJustified(),
                new Text(letter.Message is { } text ? OneLine(text) : "-", new Style(Color.Grey)).Ellipsis());
        }

        console.Write(table);
        if (page.NextCursor is { } next)
            console.MarkupLineInterpolated($"[grey]There are more: --after {TerminalText.Clean(next)}[/]");
    }

    public static void Print(DeadLetterView letter)
    {
        (string Name, string? Value)[] facts =
        [
            ("id", letter.Id),
            ("reason", letter.Reason),
            ("died", Time(letter.DeadAt)),
            ("details", letter.Details),
            ("attempts", letter.Attempts?.ToString(CultureInfo.InvariantCulture)),
            ("redrives", letter.Redrives is > 0 and var redrives ? $"{redrives}, the last at {Time(letter.RedrivenAt)}" : null),
            ("accepted", Time(letter.AcceptedAt)),
            ("job", letter.JobId),
            ("conversation", letter.ConversationId),
            ("owner", letter.Owner),
            ("turn", letter.Turn?.ToString(CultureInfo.InvariantCulture)),
            ("model", letter.Model),
            ("trace", letter.TraceId),
            ("readable", letter.Readable ? null : $"no: {letter.BodyBytes} bytes that are no message of this service's; it cannot be redriven"),
        ];
        foreach (var (name, value) in facts)
        {
            if (value is not null)
                Console.Out.WriteLine($"{name + ":",-14}{OneLine(value)}");
        }

        foreach (var (name, text) in new[] { ("message", letter.Message), ("body", letter.Body) })
        {
            if (text is not null)
                Console.Out.WriteLine($"\n{name}:\n{(Console.IsOutputRedirected ? text : TerminalText.Clean(text))}");
        }
    }

    private static string[] Fields(DeadLetterView letter) =>
    [
        letter.Id,
        Time(letter.DeadAt)!,
        letter.Reason,
        Number(letter.Attempts),
        letter.JobId ?? "-",
        letter.ConversationId ?? "-",
        OneLine(letter.Owner ?? "-"),
        OneLine(letter.Message ?? "-"),
    ];

    private static string Number(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string? Time(DateTimeOffset? at) => at?.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    // Whatever a message holds, a line stays one, and a field too.
    private static string OneLine(string text) => string.Create(text.Length, text, (line, from) =>
    {
        for (var i = 0; i < line.Length; i++)
            line[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? ' ' : from[i];
    });
}
