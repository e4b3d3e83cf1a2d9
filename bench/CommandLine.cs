using System.CommandLine;
using CloudIa.Bench.Results;
using CloudIa.Bench.Rows;

namespace CloudIa.Bench;

/// <summary>The commands, one a row, and their common options.</summary>
internal static class CommandLine
{
    private static readonly (int Row, string Description, Func<BenchSettings, CancellationToken, Task<RowResult>> Run)[] Rows =
    [
        (1, "Accepts a second against one FULL commit a request.", Row1OneCommit.RunAsync),
        (2, "Accepts a second against the same batched commit.", Row2BatchedCommit.RunAsync),
        (3, "Accepts a second against a server that only reads the body.", Row3ReadBody.RunAsync),
        (4, "One client's accept time against one commit.", Row4OneClient.RunAsync),
        (5, "Added time to the first token.", Row5FirstToken.RunAsync),
        (6, "The same on many machines: gateway, worker, queue, table and Redis.", Row6ManyMachines.RunAsync),
        (7, "From the model's chunk to the client's frame.", Row7Delay.RunAsync),
        (8, "Deltas a second against a raw WebSocket loop.", Row8Deltas.RunAsync),
        (9, "Memory of an idle connection.", Row9IdleConnections.RunAsync),
        (10, "Frames against the model's chunks.", Row10Frames.RunAsync),
        (12, "Process start to the first 202, AOT against JIT.", Row12Start.RunAsync),
        (13, "Memory and delays with readers that stall.", Row13StalledReaders.RunAsync),
        (14, "Resume of a long answer against sending it raw.", Row14Resume.RunAsync),
        (15, "Processor time of idle connections.", Row15IdleProcessor.RunAsync),
        (16, "A turn in a long conversation against one in a short.", Row16LongConversation.RunAsync),
    ];

    private static readonly Option<int> Repeats = Common("--repeats", 3, "How often each side is measured; at least 3.");
    private static readonly Option<double> Seconds = Common("--seconds", 5.0, "How long one measurement lasts.");
    private static readonly Option<double> Warmup = Common("--warmup", 4.0, "Seconds of load before it.");
    private static readonly Option<string?> Server = Common<string?>("--server", null, "CloudIa.dll or a native binary to measure, instead of this repository's Release build.");
    private static readonly Option<string?> Native = Common<string?>("--native", null, "The native binary of row 12, instead of publishing this repository's.");
    private static readonly Option<int> Workers = Common("--workers", 1, "Jobs that our server runs at once during rows 1 to 4.");
    private static readonly Option<SessionUse> Session = Common("--sessions", SessionUse.Bearer, "How the posts of rows 1 to 4 say who they are.");
    private static readonly Option<int> Connections = Common("--connections", 10_000, "Idle connections of row 9.");
    private static readonly Option<int> Streams = Common("--streams", 100, "Concurrent streams of row 5.");
    private static readonly Option<string?> Json = Common<string?>("--json", null, "A file for the results, every repeat of them.");

    public static RootCommand Build()
    {
        Repeats.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 3)
                result.AddError("--repeats must be at least 3.");
        });
        var root = new RootCommand("Measures cloud-ia against bare servers, side by side. Rows as in the performance page.");
        foreach (var option in new Option[] { Repeats, Seconds, Warmup, Server, Native, Workers, Session, Connections, Streams, Json })
            root.Options.Add(option);
        foreach (var row in Rows)
            root.Subcommands.Add(RowCommand($"row{row.Row}", row.Description, [row.Run]));
        root.Subcommands.Add(RowCommand("function", "Row 12 as a function: cold start, memory and warm invocations. Needs the engines of ./test.", [Row12Function.RunAsync]));
        root.Subcommands.Add(RowCommand("calibrate", "The comparators among themselves; no part of the goals.", [Calibration.RunAsync]));
        root.Subcommands.Add(RowCommand("all", "Every row, one after the other.", [.. Rows.Select(row => row.Run)]));
        root.Subcommands.Add(ComparatorCommand.Build());
        return root;
    }

    private static Command RowCommand(
        string name, string description, IReadOnlyList<Func<BenchSettings, CancellationToken, Task<RowResult>>> rows)
    {
        var command = new Command(name, description);
        command.SetAction(async (parsed, cancellation) =>
        {
            var results = new List<RowResult>();
            foreach (var run in rows)
                results.Add(await run(Settings(parsed), cancellation));
            Console.WriteLine(MarkdownTable.Of(results));
            if (parsed.GetValue(Json) is { } path)
                await JsonReport.WriteAsync(path, results, cancellation);
            return results.SelectMany(row => row.Figures).Any(figure => figure.Errors > 0) ? 1 : 0;
        });
        return command;
    }

    private static BenchSettings Settings(ParseResult parsed) => new()
    {
        Repeats = parsed.GetValue(Repeats),
        Duration = TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
        Warmup = TimeSpan.FromSeconds(parsed.GetValue(Warmup)),
        Server = parsed.GetValue(Server),
        Native = parsed.GetValue(Native),
        Workers = parsed.GetValue(Workers),
        Sessions = parsed.GetValue(Session),
        IdleConnections = parsed.GetValue(Connections),
        Streams = parsed.GetValue(Streams),
    };

    private static Option<T> Common<T>(string name, T standard, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => standard, Recursive = true };
}
