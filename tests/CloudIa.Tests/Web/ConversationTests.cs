using CloudIa.Client.Answers;
using CloudIa.Protocol;
using CloudIa.Web;
using CloudIa.Web.Chat;
using CloudIa.Web.Markdown;
using Microsoft.AspNetCore.Http;
using static CloudIa.Tests.Web.WebPage;

namespace CloudIa.Tests.Web;

public sealed class ConversationTests : IAsyncLifetime
{
    private const string Newest = $"GET /conversations/{Here}/messages";
    private WebPage _page = null!;
    private Conversation _conversation = null!;

    public async ValueTask InitializeAsync()
    {
        _page = await StartAsync();
        _conversation = new Conversation(_page.Client, new SafeMarkdown(Texts.English)) { Id = Here };
    }

    public ValueTask DisposeAsync() => _page.DisposeAsync();

    [Fact]
    public async Task A_page_that_ends_between_an_answer_and_its_message_is_made_whole_by_the_next()
    {
        _page.On(Newest, Messages("next", Answered(2, "j2"), Asked(3, "j3"), Answered(3, "j3")));
        _page.On($"{Newest}?cursor=next", Messages(null, Asked(1, "j1"), Answered(1, "j1"), Asked(2, "j2", "the second")));

        await _conversation.ReadNewestAsync();
        Assert.Null(_conversation.Turns[0].Message);
        await _conversation.ReadEarlierAsync();

        Assert.Equal([1, 2, 3], _conversation.Turns.Select(turn => turn.Number ?? 0));
        Assert.Equal(["question", "the second", "question"], _conversation.Turns.Select(turn => turn.Message));
        Assert.Equal("answer", _conversation.Turns[1].Answer?.Text);
        Assert.False(_conversation.HasEarlier);
    }

    [Fact]
    public async Task A_message_that_goes_before_those_that_wait_takes_its_place_when_it_has_its_number()
    {
        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1"), Asked(null, "waits"), Asked(null, "interrupts")));
        await _conversation.ReadNewestAsync();

        _conversation.Find("interrupts")!.Answer!.Apply(
            new MessageStarted { JobId = "interrupts", ConversationId = Here, Turn = 2, Attempt = 1, Model = "m" });
        _conversation.Arrange();

        Assert.Equal(["j1", "interrupts", "waits"], _conversation.Turns.Select(turn => turn.Answer?.JobId));
    }

    [Fact]
    public async Task A_page_older_than_a_version_that_is_being_made_does_not_take_its_place()
    {
        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1")));
        await _conversation.ReadNewestAsync();
        _conversation.Turns[0].Show(new Answer("j2", Here));

        await _conversation.ReadNewestAsync();

        Assert.Equal(("j2", 2), (_conversation.Turns[0].Answer?.JobId, _conversation.Turns[0].Versions));
    }

    [Fact]
    public async Task A_version_made_elsewhere_is_shown_when_it_is_read()
    {
        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1")));
        await _conversation.ReadNewestAsync();

        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j3", "the third", version: 3)));
        await _conversation.ReadNewestAsync();

        var turn = Assert.Single(_conversation.Turns);
        Assert.Equal(("the third", 3), (turn.Shown?.Text, turn.Versions));
    }

    [Fact]
    public async Task A_version_that_failed_hands_its_place_back_and_can_still_be_looked_at()
    {
        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1")));
        await _conversation.ReadNewestAsync();
        var turn = _conversation.Turns[0];
        var again = new Answer("j2", Here);
        turn.Show(again);
        again.Apply(new MessageStarted { JobId = "j2", ConversationId = Here, Turn = 1, Attempt = 1, Model = "m", Version = 2 });
        again.Apply(new ErrorEvent { JobId = "j2", Code = ErrorCode.ModelRefused, Retryable = false, Final = true });
        turn.Show(again);
        Assert.Equal((2, 2), (turn.Version, turn.Versions));

        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1") with { Versions = 2 }));
        await _conversation.ReadNewestAsync();

        Assert.Equal(("answer", 1, 2), (turn.Shown?.Text, turn.Version, turn.Versions));
    }

    [Fact]
    public async Task A_failed_answer_that_was_tried_again_while_this_page_was_away_is_shown_when_it_is_read()
    {
        _page.On(Newest, Messages(null, Asked(1, "j1"), Failed(1, "j1", attempt: 5)));
        await _conversation.ReadNewestAsync();
        var turn = _conversation.Turns[0];

        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1", "at") with { Status = JobStatus.Running, Attempt = 6 }));
        Assert.Equal("j1", Assert.Single(await _conversation.ReadNewestAsync()).JobId);
        Assert.Equal((JobStatus.Running, "at"), (turn.Shown!.State.Status, turn.Shown.Text));

        // An older page than what is known already.
        _page.On(Newest, Messages(null, Asked(1, "j1"), Failed(1, "j1", attempt: 5)));
        await _conversation.ReadNewestAsync();
        Assert.False(turn.Ended);

        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1", "at last") with { Attempt = 6 }));
        Assert.Empty(await _conversation.ReadNewestAsync());
        Assert.Equal((JobStatus.Completed, "at last"), (turn.Shown!.State.Status, turn.Shown.Text));
    }

    [Fact]
    public async Task After_a_long_absence_no_turns_are_missing_in_the_middle()
    {
        _page.On(Newest, Messages(null, Asked(1, "j1"), Answered(1, "j1")));
        await _conversation.ReadNewestAsync();

        _page.On(Newest, Messages("next", Asked(40, "j40"), Answered(40, "j40")));
        await _conversation.ReadNewestAsync();

        Assert.Equal([40], _conversation.Turns.Select(turn => turn.Number ?? 0));
        Assert.True(_conversation.HasEarlier);
    }

    [Fact]
    public async Task The_last_search_counts_whichever_is_answered_last()
    {
        var slow = new TaskCompletionSource();
        _page.On("GET /conversations?q=wha", async context =>
        {
            await slow.Task;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(List("of-wha"));
        });
        _page.On("GET /conversations?q=whale", List("of-whale"));
        var list = new ConversationList(_page.Client);

        var first = list.SearchAsync("wha");
        await list.SearchAsync("whale ");
        slow.SetResult();
        await first;

        Assert.Equal(["of-whale"], list.Items.Select(item => item.ConversationId));
    }
}
