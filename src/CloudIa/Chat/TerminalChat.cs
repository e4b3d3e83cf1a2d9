using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Protocol;
using Spectre.Console;

namespace CloudIa.Chat;

/// <summary>The conversation in a terminal: history, a prompt, and the answer as it grows.</summary>
internal static class TerminalChat
{
    public static async Task<int> RunAsync(Talk talk, Uri server, CancellationToken cancel)
    {
        var console = AnsiConsole.Console;
        console.MarkupLineInterpolated($"[bold]Claudia[/] [grey]at {server}[/]");
        console.MarkupLine("[grey]Ctrl-C stops an answer, a second one leaves; so does Ctrl-D.[/]\n");
        await ShowHistoryAsync(talk, console, cancel);

        while (true)
        {
            console.Markup("[bold blue]you ›[/] ");
            var message = await Task.Run(Console.In.ReadLine, cancel);
            if (message is null)
                break;
            if (string.IsNullOrWhiteSpace(message))
                continue;

            try
            {
                await ShowAnswerAsync(talk, await talk.SendAsync(message, cancel), console, cancel);
            }
            catch (CloudIaException error) when (!error.NeedsSession)
            {
                console.MarkupLineInterpolated($"[red]Not sent:[/] {TerminalText.Clean(error.Message)}");
            }
        }

        console.WriteLine();
        if (talk.Conversation is { } conversation)
            console.MarkupLineInterpolated($"[grey]Go on later with: cloudia chat --conversation {conversation}[/]");
        return ExitCode.Done;
    }

    private static async Task ShowHistoryAsync(Talk talk, IAnsiConsole console, CancellationToken cancel)
    {
        foreach (var message in await talk.ReadHistoryAsync(cancel))
        {
            if (message.Role == MessageRole.User)
            {
                console.MarkupLineInterpolated($"[bold blue]you ›[/] {TerminalText.Clean(message.Content)}");
            }
            else if (message.Status.IsEnd())
            {
                new AnswerView(console).Finish(new Answer(talk.Conversation!, message));
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
        view.Finish(answer);
    }
}
