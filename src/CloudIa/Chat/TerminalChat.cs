using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Protocol;
using Spectre.Console;

namespace CloudIa.Chat;

/// <summary>The conversation in a terminal: history, a prompt, and the answer as it grows.</summary>
internal static class TerminalChat
{
    public static async Task<int> RunAsync(CloudIaClient client, Talk talk, Uri server, CancellationToken cancel)
    {
        var console = AnsiConsole.Console;
        console.MarkupLineInterpolated($"[bold]Claudia[/] [grey]at {server}[/]");
        console.MarkupLine("[grey]/help lists what else there is. Ctrl-C stops an answer, a second one leaves; so do /exit and Ctrl-D.[/]\n");
        await ShowHistoryAsync(talk, console, cancel);

        var commands = new TerminalCommands(client, talk, console, question =>
        {
            console.MarkupInterpolated($"[bold]{TerminalText.Clean(question)}[/]");
            return ReadLineAsync(cancel);
        });
        while (true)
        {
            var line = await ReadMessageAsync(talk, console, cancel);
            if (line is null)
                break;
            if (string.IsNullOrWhiteSpace(line))
                continue;

            var command = SlashCommand.Parse(line);
            try
            {
                var outcome = command is null
                    ? new TerminalCommands.Outcome(await talk.SendAsync(line, cancel))
                    : await commands.RunAsync(command.Value, cancel);
                if (outcome.Leaving)
                    break;
                if (outcome.Moved)
                    await ShowHistoryAsync(talk, console, cancel);
                if (outcome.Answer is { } answer)
                    await ShowAnswerAsync(talk, answer, console, cancel);
            }
            catch (CloudIaException error) when (!error.NeedsSession)
            {
                var failed = command is null ? "Not sent:" : "Not done:";
                console.MarkupLineInterpolated($"[red]{failed}[/] {TerminalText.Clean(error.Message)}\n");
            }
        }

        console.WriteLine();
        if (talk.Conversation is { } conversation)
            console.MarkupLineInterpolated($"[grey]Go on later with: cloudia chat --conversation {conversation}[/]");
        return ExitCode.Done;
    }

    private static async Task<string?> ReadMessageAsync(Talk talk, IAnsiConsole console, CancellationToken cancel)
    {
        Task<string?>? reading = null;
        while (true)
        {
            while (talk.TakeGoingOn() is { } answer)
            {
                console.MarkupLine($"{(reading is null ? "" : "\n\n")}[grey]A message that could not be answered is answered after all:[/]\n");
                await ShowAnswerAsync(talk, answer, console, cancel);
            }

            console.Markup("[bold blue]you ›[/] ");
            reading ??= ReadLineAsync(cancel);
            using var read = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var goingOn = talk.WaitForGoingOnAsync(read.Token);
            await Task.WhenAny(reading, goingOn);
            await read.CancelAsync();
            await goingOn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (reading.IsCompleted || !goingOn.IsCompletedSuccessfully)
                return await reading;
        }
    }

    // A read of a terminal cannot be cancelled; leaving does not wait for it.
    private static Task<string?> ReadLineAsync(CancellationToken cancel) =>
        Task.Run(Console.In.ReadLine, cancel).WaitAsync(cancel);

    private static async Task ShowHistoryAsync(Talk talk, IAnsiConsole console, CancellationToken cancel)
    {
        foreach (var message in await talk.ReadHistoryAsync(cancel))
        {
            if (message.Role == MessageRole.User)
            {
                console.MarkupLineInterpolated($"[grey]{message.Turn}[/] [bold blue]you ›[/] {TerminalText.Clean(message.Content)}");
            }
            else if (message.Status.IsEnd())
            {
                Finish(talk, new Answer(talk.Conversation!, message), new AnswerView(console));
            }
            else
            {
                await ShowAnswerAsync(talk, talk.Resume(message), console, cancel);
            }
        }
    }

    private static async Task ShowAnswerAsync(Talk talk, Answer answer, IAnsiConsole console, CancellationToken cancel)
    {
        var view = new AnswerView(console);
        await talk.WatchAsync(answer, (connection, stopping) => view.Grow(answer, connection, stopping), cancel);
        Finish(talk, answer, view);
    }

    private static void Finish(Talk talk, Answer answer, AnswerView view)
    {
        view.Finish(answer);
        if (answer.State.Status == JobStatus.Failed)
            talk.Remember(answer);
    }
}
