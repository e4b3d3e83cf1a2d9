using System.CommandLine;
using CloudIa.Client;
using CloudIa.Client.Live;

namespace CloudIa.Chat;

/// <summary><c>cloudia chat</c>: a conversation in the terminal, or one message through a pipe.</summary>
internal static class ChatCommand
{
    private static string Description =>
        "Talk to Claudia. Where standard input is not a terminal, one message is read from it and the answer is written to standard output. "
        + $"In a terminal, lines that begin with a slash are commands: {string.Join(", ", SlashCommand.All.Select(known => $"/{known.Name} {known.Arguments}".TrimEnd()))}.";

    public static Command Create()
    {
        var server = ServerAddress.Option();
        var conversation = new Option<string?>("--conversation") { Description = "A conversation to go on with; without it a new one begins." };
        var model = new Option<string?>("--model") { Description = "The model to ask; without it the service's first." };
        var command = new Command("chat", Description)
        {
            server,
            conversation,
            model,
        };
        command.SetAction((parsed, cancel) => RunAsync(
            ServerAddress.Of(parsed, server), parsed.GetValue(conversation), parsed.GetValue(model), cancel));
        return command;
    }

    private static async Task<int> RunAsync(Uri server, string? conversation, string? model, CancellationToken cancel)
    {
        using var http = new HttpClient { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        var client = new CloudIaClient(http);
        try
        {
            await TerminalSession.EnterAsync(client, server, cancel);
            var feed = new AnswerFeed(new LiveConnection(
                server, () => client.Token, renew: cancel => TerminalSession.RenewAsync(client, server, cancel)));
            using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            var running = feed.RunAsync(leaving.Token);
            using var interrupt = new Interrupt(leaving);
            try
            {
                var talk = new Talk(client, feed, interrupt, conversation, model);
                return Console.IsInputRedirected || Console.IsOutputRedirected
                    ? await PipedChat.RunAsync(talk, leaving.Token)
                    : await TerminalChat.RunAsync(client, talk, server, leaving.Token);
            }
            finally
            {
                await leaving.CancelAsync();
                await running;
            }
        }
        catch (CloudIaException error)
        {
            await Console.Error.WriteLineAsync(error.NeedsSession
                ? $"{server} does not accept this session's token."
                : $"{server}: {error.Message}");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return Interrupt.ExitCode;
        }
    }
}
