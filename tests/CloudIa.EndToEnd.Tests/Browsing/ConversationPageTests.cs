using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using Microsoft.Playwright;

namespace CloudIa.EndToEnd.Tests.Browsing;

/// <summary>What people do with their conversations on the page.</summary>
public abstract class ConversationPageTests(Backend backend, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Rows = "nav#conversations a[data-conversation]";

    [Fact]
    public async Task A_conversation_is_found_by_its_words_renamed_and_deleted()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"The answer to {call.Asked}"));
        await using var server = await backend.StartAsync(model);
        await using var visitor = await chromium.Visit(server.Address, server.Tail);
        var page = visitor.Page;
        await visitor.Send("Tell me about whales");
        await visitor.AnswerIsWhole();
        await page.ClickAsync("#new-conversation");
        await visitor.Send("Tell me about volcanoes");
        await visitor.Sees($"{Rows} >> text=volcanoes", "the second conversation in the list");
        await visitor.AnswerIsWhole();

        await page.FillAsync("#search", "whales");
        await Assertions.Expect(page.Locator(Rows)).ToHaveCountAsync(1);
        await Assertions.Expect(page.Locator(Rows)).ToContainTextAsync("whales");
        await page.FillAsync("#search", "nothing of the kind");
        await Assertions.Expect(page.Locator(Rows)).ToHaveCountAsync(0);
        await page.FillAsync("#search", "");
        await Assertions.Expect(page.Locator(Rows)).ToHaveCountAsync(2);

        await page.ClickAsync(".row:has-text('whales') .row-menu");
        await page.ClickAsync("#rename");
        await page.FillAsync("#title-field", "Big mammals");
        await page.PressAsync("#title-field", "Enter");
        await Assertions.Expect(page.Locator(Rows).Last).ToHaveTextAsync("Big mammals");

        // The title is the server's: a reload still has it, and stays where it was.
        var here = page.Url;
        await page.ReloadAsync();
        await visitor.IsConnected();
        await Assertions.Expect(page.Locator(Rows).Last).ToHaveTextAsync("Big mammals");
        Assert.Equal(here, page.Url);

        await page.ClickAsync("#menu-here");
        await page.ClickAsync("#delete");
        await page.ClickAsync("#delete-now");
        await Assertions.Expect(page.Locator(Rows)).ToHaveCountAsync(1);
        await Assertions.Expect(visitor.Questions).ToHaveCountAsync(0);
        await page.GotoAsync(here);
        await visitor.Sees(".greeting a.button", "the word that this conversation is gone");
        Assert.Equal(0, visitor.Dialogs);
    }

    [Fact]
    public async Task What_one_tab_does_the_other_shows_by_itself()
    {
        await using var model = await FaultyModel.Start(call => call.Asked == "Hello"
            ? ModelReply.Words("Good day to you")
            : ModelReply.Words("A few words and no more") with { GateAfter = 2, Gate = ModelReply.Never });
        await using var server = await backend.StartAsync(model);
        await using var one = await chromium.Visit(server.Address, server.Tail);
        await one.Send("Hello");
        await one.AnswerIsWhole();
        await using var other = await one.OpenTab(one.Page.Url);
        await other.Reads("Good day");

        await one.Send("Are you there?");

        await Assertions.Expect(other.Questions.Last).ToContainTextAsync("Are you there?");
        await other.Reads("A few");
        await other.Page.ClickAsync("#stop");
        await one.Sees("article[data-role=assistant][data-status=cancelled]", "the stop of the other tab");
        await one.Reads("A few");
        await Assertions.Expect(one.Page.Locator("#stop")).ToHaveCountAsync(0);

        await one.Send("Never mind");
        await one.Reads("A few");
        await one.Page.SelectOptionAsync("#when-busy", "interrupt");
        await one.Send("Hello");
        await other.Reads("Good day");
        await Assertions.Expect(other.Page.Locator("article[data-role=assistant][data-status=cancelled]")).ToHaveCountAsync(2);

        await other.Page.ClickAsync("#menu-here");
        await other.Page.ClickAsync("#delete");
        await other.Page.ClickAsync("#delete-now");
        await one.Sees(".greeting a.button", "the word that this conversation was deleted");
        await Assertions.Expect(one.Page.Locator(Rows)).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Instructions_given_before_the_first_message_hold_and_can_be_changed()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"Told: {call.System}"));
        await using var server = await backend.StartAsync(model);
        await using var visitor = await chromium.Visit(server.Address, server.Tail);
        await Instruct(visitor, "Speak like a pirate.");

        await visitor.Send("Hello");
        await visitor.Reads("Speak like a pirate.");
        await visitor.AnswerIsWhole();
        await visitor.Page.ReloadAsync();
        await visitor.IsConnected();
        await visitor.Sees("#instructions[data-set]", "the sign that the conversation has instructions");
        await Instruct(visitor, "Speak like a poet.");
        await visitor.Send("And now?");

        await visitor.Reads("Speak like a poet.");
    }

    [Fact]
    public async Task An_answer_is_made_again_its_versions_are_browsed_and_an_earlier_message_is_edited_in_a_fork()
    {
        await using var model = await FaultyModel.Start(call => call.Number switch
        {
            2 => ModelReply.Words("The second answer"),
            3 => ModelReply.Words("The second answer made better"),
            _ => ModelReply.Words($"The answer to {call.Asked}"),
        });
        await using var server = await backend.StartAsync(model);
        await using var visitor = await chromium.Visit(server.Address, server.Tail);
        var page = visitor.Page;
        await visitor.Send("First question");
        await visitor.Reads("The answer to First question");
        await visitor.AnswerIsWhole();
        await visitor.Send("Second question");
        await visitor.Reads("The second answer");
        await page.ClickAsync("article[data-last] [data-act=regenerate]");
        await visitor.Reads("made better");
        await Assertions.Expect(page.Locator(".version")).ToHaveTextAsync("2/2");
        await page.ClickAsync("[data-act=earlier]");
        await Assertions.Expect(visitor.Answers.Last).Not.ToContainTextAsync("made better");
        await visitor.Reads("The second answer");
        await Assertions.Expect(page.Locator(".version")).ToHaveTextAsync("1/2");
        await page.ClickAsync("[data-act=later]");
        await visitor.Reads("made better");

        var before = page.Url;
        await page.Locator("article[data-role=user]").Last.HoverAsync();
        await page.Locator("[data-act=edit]").Last.ClickAsync();
        await page.FillAsync("#edited", "Another question");
        await page.PressAsync("#edited", "Enter");
        await visitor.Reads("The answer to Another question");

        Assert.NotEqual(before, page.Url);
        await Assertions.Expect(visitor.Questions).ToHaveCountAsync(2);
        await Assertions.Expect(visitor.Questions.First).ToContainTextAsync("First question");
        Assert.Equal(["First question", "The answer to First question", "Another question"], model.Calls[^1].Messages.Select(message => message.Content));
        await page.GotoAsync(before);
        await visitor.Reads("made better");
        await Assertions.Expect(page.Locator(".version")).ToHaveTextAsync("2/2");
    }

    [Fact]
    public async Task A_long_history_opens_at_its_end_and_is_read_on_upwards()
    {
        const int turns = 60;
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"The answer to {call.Asked}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var first = await person.Post("message 1.");
        var last = first;
        for (var turn = 2; turn <= turns; turn++) last = await person.Post($"message {turn}.", first.ConversationId);
        await person.End(last.JobId, server.Tail);

        await using var visitor = await chromium.Visit(
            new Uri(server.Address, $"/c/{first.ConversationId}"), server.Tail, person.Token);

        await visitor.Reads($"The answer to message {turns}.");
        await Assertions.Expect(visitor.Questions.Last).ToBeInViewportAsync();
        Assert.InRange(await visitor.Questions.CountAsync(), 2, turns / 2);
        // As one scrolls: up to the first one there is, and again when there are more above it.
        while (await visitor.Questions.CountAsync() < turns)
        {
            var shown = await visitor.Questions.CountAsync();
            await visitor.Questions.First.ScrollIntoViewIfNeededAsync();
            await Assertions.Expect(visitor.Questions).Not.ToHaveCountAsync(shown);
        }

        await Assertions.Expect(visitor.Questions.First).ToContainTextAsync("message 1.");
        Assert.Equal(
            Enumerable.Range(1, turns).Select(turn => $"message {turn}."),
            (await visitor.Page.Locator(".bubble").AllInnerTextsAsync()).Select(text => text.Trim()));
    }

    private static async Task Instruct(Visitor visitor, string prompt)
    {
        await visitor.Page.ClickAsync("#instructions");
        await visitor.Page.FillAsync("#system-prompt", prompt);
        await visitor.Page.ClickAsync("#save-instructions");
        await Assertions.Expect(visitor.Page.Locator("#system-prompt")).ToHaveCountAsync(0);
    }
}
