using System.Globalization;
using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Protocol;
using Spectre.Console;

namespace CloudIa.Chat;

/// <summary>What the lines that begin with a slash do.</summary>
/// <param name="client">Makes the calls.</param>
/// <param name="talk">The conversation that they are about.</param>
/// <param name="console">Shows what they say.</param>
/// <param name="ask">Asks for one more line; null at the end of the input.</param>
internal sealed class TerminalCommands(
    CloudIaClient client, Talk talk, IAnsiConsole console, Func<string, Task<string?>> ask)
{
    private const int Listed = 20;

    private IReadOnlyList<ConversationView> _listed = [];

    /// <summary>Does what a command says; an error of the reader's is told, and is no exception.</summary>
    /// <returns>What there is to watch, or another conversation to show.</returns>
    public async Task<Outcome> RunAsync(SlashCommand command, CancellationToken cancel)
    {
        switch (command.Name)
        {
            case "list":
                return await ListAsync(command.Argument, cancel);
            case "open":
                return Open(command.Argument);
            case "new":
                talk.Switch(null);
                return Say("A new conversation begins with your next message.");
            case "system":
                return await SystemAsync(command.Argument, cancel);
            case "help":
                Help();
                return Outcome.Done;
            case "exit":
                return new Outcome(Leaving: true);
            case var name when !SlashCommand.All.Any(known => known.Name == name):
                return Wrong($"There is no /{name}: /help lists the commands. A message that begins with a slash needs a space before it.");
            default:
                return talk.Conversation is { } conversation
                    ? await RunInAsync(conversation, command, cancel)
                    : Wrong("There is no conversation yet: send a message, or choose one with /list and /open.");
        }
    }

    /// <summary>What follows from a command.</summary>
    /// <param name="Answer">An answer to watch.</param>
    /// <param name="Moved">The talk goes on in another conversation, whose history is to be shown.</param>
    /// <param name="Leaving">The reader has had enough.</param>
    internal sealed record Outcome(Answer? Answer = null, bool Moved = false, bool Leaving = false)
    {
        public static readonly Outcome Done = new();
    }

    private async Task<Outcome> RunInAsync(string conversation, SlashCommand command, CancellationToken cancel)
    {
        switch (command.Name)
        {
            case "rename":
                if (command.Argument.Length == 0)
                    return Wrong("Say the new title: /rename TITLE.");
                var renamed = await client.RenameAsync(conversation, command.Argument, cancel);
                return Say($"It is called “{renamed.Title}” now.");
            case "delete":
                return await DeleteAsync(conversation, cancel);
            case "export":
                return await ExportAsync(conversation, command.Argument, cancel);
            case "regenerate":
                return new Outcome(await talk.RegenerateAsync(cancel));
            case "edit":
                return await EditAsync(conversation, command.Argument, cancel);
            default:
                return await StopAsync(conversation, cancel);
        }
    }

    private async Task<Outcome> ListAsync(string words, CancellationToken cancel)
    {
        var page = await client.ListConversationsAsync(words.Length == 0 ? null : words, limit: Listed, cancel: cancel);
        _listed = page.Items;
        if (_listed.Count == 0)
            return Say(words.Length == 0 ? "There are no conversations yet." : "No conversation holds these words.");

        var grid = new Grid().AddColumn(new GridColumn().RightAligned().NoWrap()).AddColumn().AddColumn(new GridColumn().NoWrap());
        for (var i = 0; i < _listed.Count; i++)
        {
            var (item, here) = (_listed[i], _listed[i].ConversationId == talk.Conversation);
            grid.AddRow(
                new Text((i + 1).ToString(CultureInfo.InvariantCulture), new Style(Color.Grey)),
                new Text(TerminalText.Clean(item.Title), here ? new Style(decoration: Decoration.Bold) : Style.Plain),
                new Text(item.UpdatedAt.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), new Style(Color.Grey)));
        }

        console.Write(grid);
        return Say(page.NextCursor is null ? "/open N goes on in one of them." : "/open N goes on in one of them; /list WORDS finds older ones.");
    }

    private Outcome Open(string argument)
    {
        if (!int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return Wrong("Say which, by its number in the list: /open N.");
        if (number < 1 || number > _listed.Count)
            return Wrong(_listed.Count == 0 ? "Nothing is listed yet: /list." : $"The last list goes from 1 to {_listed.Count}.");
        talk.Switch(_listed[number - 1].ConversationId);
        return new Outcome(Moved: true);
    }

    private async Task<Outcome> DeleteAsync(string conversation, CancellationToken cancel)
    {
        var title = (await client.GetConversationAsync(conversation, cancel)).Title;
        var sure = await ask($"Delete “{title}” with everything in it? This cannot be undone. [y/N] ");
        if (sure?.Trim().ToLowerInvariant() is not ("y" or "yes" or "s" or "sim"))
            return Say("It stays.");
        await client.DeleteConversationAsync(conversation, cancel);
        talk.Switch(null);
        return Say("Deleted. A new conversation begins with your next message.");
    }

    private async Task<Outcome> ExportAsync(string conversation, string file, CancellationToken cancel)
    {
        ExportFormat? format = Path.GetExtension(file).ToLowerInvariant() switch
        {
            ".md" or ".markdown" => ExportFormat.Markdown,
            ".json" => ExportFormat.Json,
            _ => null,
        };
        if (format is null)
            return Wrong("Say where to, with the format as the ending: /export FILE.md or /export FILE.json.");
        if (File.Exists(file))
            return Wrong($"{file} exists already and is left alone.");

        // Moved into place when it is whole.
        var part = $"{file}.part";
        try
        {
            await using (var to = File.Create(part))
                await client.ExportAsync(conversation, format.Value, to, cancel);
            File.Move(part, file);
            return Say($"Written to {Path.GetFullPath(file)}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return Wrong($"It cannot be written: {error.Message}");
        }
        finally
        {
            if (File.Exists(part))
                File.Delete(part);
        }
    }

    private async Task<Outcome> EditAsync(string conversation, string argument, CancellationToken cancel)
    {
        int? turn = null;
        if (argument.Length > 0)
        {
            if (!int.TryParse(argument, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
                return Wrong("Say which message, by its number: /edit N.");
            turn = number;
        }

        if (await FindMessageAsync(conversation, turn, cancel) is not { } message)
            return Wrong(turn is null ? "No message here has been begun to be answered yet." : $"There is no message {turn} here.");
        console.MarkupLineInterpolated($"[grey]Message {message.Turn} was:[/] {TerminalText.Clean(message.Content)}");
        var text = await ask("new text › ");
        if (string.IsNullOrWhiteSpace(text))
            return Say("It stays as it is.");

        var fork = await client.ForkAsync(conversation, message.Turn!.Value - 1, cancel);
        talk.Switch(fork.ConversationId);
        Say("This goes on in a new conversation; the other one stays as it is.");
        return new Outcome(await talk.SendAsync(text, cancel));
    }

    private async Task<MessageView?> FindMessageAsync(string conversation, int? turn, CancellationToken cancel)
    {
        string? cursor = null;
        do
        {
            var page = await client.ReadMessagesAsync(conversation, cursor, 200, cancel);
            var found = page.Items.FirstOrDefault(message =>
                message is { Role: MessageRole.User, Turn: { } number } && (turn is null || number == turn));
            if (found is not null || page.Items.Any(message => message.Turn < turn))
                return found;
            cursor = page.NextCursor;
        }
        while (cursor is not null);
        return null;
    }

    private async Task<Outcome> SystemAsync(string text, CancellationToken cancel)
    {
        if (text.Length == 0)
        {
            var prompt = talk.Conversation is { } read
                ? (await client.GetConversationAsync(read, cancel)).SystemPrompt
                : talk.SystemPrompt;
            return Say(string.IsNullOrEmpty(prompt) ? "The service's own system prompt holds here." : TerminalText.Clean(prompt));
        }

        var set = text == "-" ? null : text;
        if (talk.Conversation is { } conversation)
            await client.SetSystemPromptAsync(conversation, set, cancel);
        else
            talk.SystemPrompt = set;
        return Say(set is null ? "The service's own system prompt holds here again." : "From the next answer on, this is the system prompt.");
    }

    private async Task<Outcome> StopAsync(string conversation, CancellationToken cancel)
    {
        var page = await client.ReadMessagesAsync(conversation, cancel: cancel);
        var running = page.Items.LastOrDefault(message => !message.Status.IsEnd());
        if (running is null)
            return Say("No answer runs here.");
        await client.StopAsync(running.JobId, cancel);
        return Say("The answer is stopped.");
    }

    private void Help()
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn();
        foreach (var (name, arguments, does) in SlashCommand.All)
            grid.AddRow(new Text($"/{name} {arguments}".TrimEnd()), new Text(does, new Style(Color.Grey)));
        console.Write(grid);
    }

    private Outcome Say(string text)
    {
        console.MarkupLineInterpolated($"[grey]{TerminalText.Clean(text)}[/]\n");
        return Outcome.Done;
    }

    private Outcome Wrong(string text)
    {
        console.MarkupLineInterpolated($"[yellow]{TerminalText.Clean(text)}[/]\n");
        return Outcome.Done;
    }
}
