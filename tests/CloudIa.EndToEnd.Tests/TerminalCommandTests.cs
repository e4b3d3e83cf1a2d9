using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>The lines that begin with a slash, in a real terminal: the program sees a pseudo-terminal of script(1).</summary>
public abstract class TerminalCommandTests(Backend backend)
{
    [Fact]
    public async Task Conversations_are_begun_listed_found_renamed_opened_and_deleted()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"The answer to {call.Asked}, told: {call.System}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);

        var shown = await Type(
            person,
            "/system Be brief.",
            "whales please",
            "/rename Big mammals",
            "/new",
            "volcanoes please",
            "/list mammals",
            "/open 1",
            "/delete",
            "n",
            "/open 7",
            "/dance",
            "/new",
            "/delete");

        var conversations = (await person.Conversations()).Items;
        Assert.Equal(["volcanoes please", "Big mammals"], conversations.Select(item => item.Title));
        Assert.Equal("Be brief.", conversations[1].SystemPrompt);
        Assert.Contains("The answer to whales please, told: Be brief.", shown, StringComparison.Ordinal);
        // Shown when it was said, and again by /open; the other one only when it was said.
        Assert.Equal(3, shown.Split("The answer to whales").Length);
        Assert.Equal(2, shown.Split("The answer to volcanoes").Length);
        Assert.Contains("It stays.", shown, StringComparison.Ordinal);
        Assert.Contains("The last list goes from 1 to 1.", shown, StringComparison.Ordinal);
        Assert.Contains("There is no /dance", shown, StringComparison.Ordinal);
        Assert.Contains("There is no conversation yet", shown, StringComparison.Ordinal);

        await Type(person, "/list", "/open 1", "/delete", "y");
        Assert.Equal(["Big mammals"], (await person.Conversations()).Items.Select(item => item.Title));
    }

    [Fact]
    public async Task An_answer_is_made_again_a_message_edited_and_the_conversation_exported()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"Answer {call.Number} to {call.Asked}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "talk.md");

        var shown = await Type(person, "first", "/regenerate", $"/export {file}", "/export talk.txt", $"/export {file}", "/edit 1", "first, but better");

        Assert.Contains("Answer 2 to first", shown, StringComparison.Ordinal);
        Assert.Contains("Answer 2 to first", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("/export FILE.md or /export FILE.json", shown, StringComparison.Ordinal);
        Assert.Contains("exists already", shown, StringComparison.Ordinal);
        Assert.Contains("Message 1 was: first", shown, StringComparison.Ordinal);
        Assert.Contains("Answer 3 to first, but better", shown, StringComparison.Ordinal);
        var conversations = (await person.Conversations()).Items;
        Assert.Equal(2, conversations.Count);
        Assert.Equal("first, but better", (await person.Messages(conversations[0].ConversationId))[0].Content);
        Assert.Equal("first", (await person.Messages(conversations[1].ConversationId))[0].Content);
    }

    [Fact]
    public async Task A_message_that_could_not_be_answered_is_shown_when_it_is_after_all()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(call => call.Asked == "refused" ? ModelReply.Error(400) : ModelReply.Words("This one as usual") with { Gate = gate.Task });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);

        var typing = Type(person, "refused", "/new", "another");
        await Patience.Until(_ => Task.FromResult(model.Calls.Any(call => call.Asked == "another") ? "called" : null), "the second message", server.Tail);
        var letter = Assert.Single(await admin.Letters(1));

        // Opened after the chat's own, so that what it hears the chat has heard.
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        model.Answer = _ => ModelReply.Words("Word for word at last");
        await admin.Redrive(letter.Id);
        await socket.Wait<MessageCompleted>(end => end.JobId == letter.JobId, "the redriven answer");
        gate.SetResult();

        var shown = await typing;
        var failed = shown.IndexOf("This message could not be answered", StringComparison.Ordinal);
        var another = shown.IndexOf("This one as usual", StringComparison.Ordinal);
        var afterAll = shown.IndexOf("answered after all", StringComparison.Ordinal);
        Assert.True(failed >= 0 && failed < another && another < afterAll && afterAll < shown.IndexOf("Word for word at last", StringComparison.Ordinal), shown);
    }

    /// <summary>
    /// Runs a chat, types the lines and leaves by <c>/exit</c>: a Ctrl-D that is typed ahead of the program's first
    /// read is no end of input to it, as the terminal is in another mode then.
    /// </summary>
    /// <returns>What the screen was told, without colours and with its lines joined: where they break is the window's affair.</returns>
    private static async Task<string> Type(ApiClient person, params string[] lines)
    {
        using var chat = Repository.RunInTerminal(
            ["chat", "--server", person.Server.AbsoluteUri],
            new CloudiaSettings { More = new Dictionary<string, string> { ["CLOUDIA_TOKEN"] = person.Token!, ["TERM"] = "dumb" } },
            string.Concat(lines.Append("/exit").Select(line => line + "\n")));
        Assert.True(await chat.Exit(TimeSpan.FromMinutes(3)) == 0, chat.Tail());
        return string.Join(' ', chat.Output.Split(['\r', '\n', ' '], StringSplitOptions.RemoveEmptyEntries));
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("cloudia-export-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
