using CloudIa.Protocol;
using CloudIa.Web.Chat;
using Microsoft.AspNetCore.Http;
using static CloudIa.Tests.Web.WebPage;

namespace CloudIa.Tests.Web;

public sealed class ChatSessionTests : IAsyncLifetime
{
    private WebPage _page = null!;

    private ChatSession Session => _page.Session;

    public async ValueTask InitializeAsync() => _page = await StartAsync();

    public ValueTask DisposeAsync() => _page.DisposeAsync();

    [Fact]
    public async Task Another_tabs_message_is_there_with_its_text_at_once_and_gets_its_turn_when_it_begins()
    {
        var socket = await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1"));

        await socket.SendAsync(Accepted("j2") with { Message = "from the other tab" });
        await _page.Until(() => Session.Current.Turns.Count == 2);
        Assert.Equal(("from the other tab", null), (Session.Current.Turns[1].Message, Session.Current.Turns[1].Number));

        await socket.SendAsync(Started("j2", turn: 2));
        await _page.Until(() => Session.Current.Turns[1].Number == 2);
        Assert.Equal(2, Session.Current.Turns.Count);
    }

    [Fact]
    public async Task A_message_of_this_tab_is_there_once_whichever_of_its_receipt_and_its_event_comes_first()
    {
        var socket = await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1"));
        var receipt = new TaskCompletionSource();
        _page.On("POST /chat", async context =>
        {
            await receipt.Task;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(Receipt("j2"));
        });

        var sending = Session.SendAsync("hello");
        await socket.SendAsync(Accepted("j2") with { Message = "hello" });
        await socket.SendAsync(new ConversationUpdated { ConversationId = Here, Title = "seen" });
        await _page.Until(() => Session.Title == "seen");
        Assert.Equal(2, Session.Current.Turns.Count);
        receipt.SetResult();
        await sending;

        Assert.Equal(["j1", "j2"], Session.Current.Turns.Select(turn => turn.Answer?.JobId));
    }

    [Fact]
    public async Task The_same_words_of_two_tabs_are_two_messages()
    {
        var socket = await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1"));
        var receipt = new TaskCompletionSource();
        _page.On("POST /chat", async context =>
        {
            await receipt.Task;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(Receipt("mine"));
        });

        var sending = Session.SendAsync("hello");
        await socket.SendAsync(Accepted("theirs") with { Message = "hello" });
        await socket.SendAsync(Accepted("mine") with { Message = "hello" });
        await socket.SendAsync(new ConversationUpdated { ConversationId = Here, Title = "seen" });
        await _page.Until(() => Session.Title == "seen");
        receipt.SetResult();
        await sending;

        Assert.Equal(["j1", "mine", "theirs"], Session.Current.Turns.Select(turn => turn.Answer?.JobId).Order());
    }

    [Fact]
    public async Task A_regeneration_of_another_tab_takes_the_place_of_the_answer_and_counts_as_a_version()
    {
        var socket = await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1", "the first"));

        await socket.SendAsync(Accepted("j2") with { Turn = 1 });
        await socket.SendAsync(Started("j2", turn: 1) with { Version = 2 });
        await socket.SendAsync(new MessageDelta { JobId = "j2", ConversationId = Here, Attempt = 1, Offset = 0, Delta = "the second" });
        await _page.Until(() => Session.Current.Turns[0].Answer?.Text == "the second");

        var turn = Assert.Single(Session.Current.Turns);
        Assert.Equal(("question", 2, 2), (turn.Message, turn.Version, turn.Versions));
    }

    [Fact]
    public async Task An_earlier_version_is_shown_while_the_current_one_goes_on_below()
    {
        var socket = await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1", "the first"));
        await socket.SendAsync(Accepted("j2") with { Turn = 1 });
        await socket.SendAsync(Started("j2", turn: 1) with { Version = 2 });
        await _page.Until(() => Session.Current.Turns[0].Answer?.State.Version == 2);
        _page.On($"GET /conversations/{Here}/turns/1/versions?limit=200", Messages(null, Answered(1, "j1", "the first")));
        var turn = Session.Current.Turns[0];

        await Session.ShowVersionAsync(turn, 1);
        await socket.SendAsync(new MessageDelta { JobId = "j2", ConversationId = Here, Attempt = 1, Offset = 0, Delta = "the second" });
        await _page.Until(() => turn.Answer?.Text == "the second");

        Assert.Equal((1, "the first", false), (turn.Version, turn.Shown?.Text, turn.IsCurrent));
        await Session.ShowVersionAsync(turn, 2);
        Assert.Equal((2, "the second", true), (turn.Version, turn.Shown?.Text, turn.IsCurrent));
    }

    [Fact]
    public async Task An_answer_that_failed_before_this_page_was_opened_is_there_when_its_job_is_tried_again()
    {
        var socket = await _page.OpenAsync(Asked(1, "j1"), Failed(1, "j1", attempt: 5));
        var turn = Session.Current.Turns[0];
        Assert.True(turn.Ended);

        await socket.SendAsync(new MessageRestarted { JobId = "j1", ConversationId = Here, Attempt = 6, Reason = "retry" });
        await socket.SendAsync(Started("j1", turn: 1) with { Attempt = 6 });
        await _page.Until(() => Session.Current.Running == turn);
        await socket.SendAsync(new MessageDelta { JobId = "j1", ConversationId = Here, Attempt = 6, Offset = 0, Delta = "at last" });
        await _page.Until(() => turn.Shown?.Text == "at last");

        Assert.Equal((JobStatus.Running, null), (turn.Shown!.State.Status, turn.Shown.State.Error));
        Assert.Same(turn, Assert.Single(Session.Current.Turns));
    }

    [Fact]
    public async Task An_answer_that_fails_on_this_page_goes_on_when_its_job_is_tried_again()
    {
        var socket = await _page.OpenAsync(Asked(1, "j0"), Answered(1, "j0"));
        await socket.SendAsync(Accepted("j1") with { Message = "hello" });
        await socket.SendAsync(Started("j1", turn: 2));
        await socket.SendAsync(new ErrorEvent { JobId = "j1", ConversationId = Here, Attempt = 1, Code = ErrorCode.ModelRefused, Final = true });
        await _page.Until(() => Session.Current.Find("j1")?.Ended == true);

        // What comes late does not begin it anew.
        await socket.SendAsync(Started("j1", turn: 2));
        await socket.SendAsync(new ConversationUpdated { ConversationId = Here, Title = "seen" });
        await _page.Until(() => Session.Title == "seen");
        Assert.True(Session.Current.Find("j1")!.Ended);

        await socket.SendAsync(Started("j1", turn: 2) with { Attempt = 2 });
        await socket.SendAsync(new MessageDelta { JobId = "j1", ConversationId = Here, Attempt = 2, Offset = 0, Delta = "at last" });
        await _page.Until(() => Session.Current.Find("j1")!.Shown?.Text == "at last");
        Assert.False(Session.Current.Find("j1")!.Ended);
    }

    [Fact]
    public async Task An_earlier_version_whose_job_is_tried_again_does_not_have_the_page_read_for_each_of_its_pieces()
    {
        var socket = await _page.OpenAsync(Asked(1, "j2"), Answered(1, "j2", version: 2));
        var reads = 0;
        _page.On($"GET /conversations/{Here}/messages", async context =>
        {
            reads++;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(Messages(null, Asked(1, "j2"), Answered(1, "j2", version: 2)));
        });
        await socket.SendAsync(Started("j1", turn: 1) with { Attempt = 6 });
        for (var i = 0; i < 20; i++)
            await socket.SendAsync(new MessageDelta { JobId = "j1", ConversationId = Here, Attempt = 6, Offset = i, Delta = "." });
        await socket.SendAsync(new ConversationUpdated { ConversationId = Here, Title = "seen" });
        await _page.Until(() => Session.Title == "seen");

        Assert.Equal(("answer", 1), (Assert.Single(Session.Current.Turns).Shown?.Text, reads));
    }

    [Fact]
    public async Task A_conversation_deleted_in_another_tab_is_told_and_leaves_the_list()
    {
        _page.On("GET /conversations", List(Here, "c2"));
        var socket = await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1"));

        await socket.SendAsync(new ConversationUpdated { ConversationId = Here, Deleted = true });
        await _page.Until(() => Session.Current.Presence == Presence.Deleted);

        Assert.Equal(["c2"], Session.List.Items.Select(item => item.ConversationId));
    }

    [Fact]
    public async Task An_unknown_conversation_is_missing_and_no_trouble()
    {
        await Session.OpenAsync("unknown");

        Assert.Equal((Presence.Missing, null), (Session.Current.Presence, Session.Trouble));
    }

    [Fact]
    public async Task Two_messages_written_at_once_begin_one_conversation_in_their_order()
    {
        var bodies = new List<string>();
        _page.On("POST /chat", async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            bodies.Add(await body.ReadToEndAsync());
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(Receipt($"j{bodies.Count}"));
        });
        await Session.SetSystemPromptAsync(" Be brief. ");

        await Task.WhenAll(Session.SendAsync("one"), Session.SendAsync("two"));

        Assert.Equal(
            ["""{"message":"one","systemPrompt":"Be brief."}""", """{"message":"two","conversationId":"c1"}"""],
            bodies);
        Assert.Equal(["j1", "j2"], Session.Current.Turns.Select(turn => turn.Answer?.JobId));
    }

    [Fact]
    public async Task A_message_that_was_not_sent_is_tried_again_as_it_was()
    {
        var calls = new List<(string? Key, string Body)>();
        _page.On("POST /chat", async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            calls.Add((context.Request.Headers["Idempotency-Key"], await body.ReadToEndAsync()));
            context.Response.StatusCode = calls.Count == 1 ? 503 : 202;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(calls.Count == 1 ? "" : Receipt("j1"));
        });
        await Session.SendAsync("hello");
        var turn = Assert.Single(Session.Current.Turns);
        Assert.NotNull(turn.SendError);

        Session.Model = "another";
        await Session.SendAsync("hello", turn);

        Assert.Equal(calls[0], calls[1]);
        Assert.Equal(("j1", null), (turn.Answer?.JobId, turn.SendError));
    }

    [Fact]
    public async Task An_edited_message_goes_on_in_a_fork_of_what_came_before_it()
    {
        await _page.OpenAsync(Asked(1, "j1"), Answered(1, "j1"), Asked(2, "j2", "wrong"), Answered(2, "j2"));
        var bodies = new List<string>();
        Func<HttpContext, Task> Keep(string answer) => async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            bodies.Add(await body.ReadToEndAsync());
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer);
        };
        _page.On($"POST /conversations/{Here}/fork", Keep("""{"conversationId":"fork","title":"T","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","turns":1}"""));
        _page.On("GET /conversations/fork/messages", Messages(null, Asked(1, "f1"), Answered(1, "f1")));
        _page.On("POST /chat", Keep(Receipt("f2").Replace(Here, "fork", StringComparison.Ordinal)));
        string? address = null;
        Session.Begun += id => address = id;

        await Session.EditAsync(Session.Current.Turns[1], "right");

        Assert.Equal(["""{"turn":1}""", """{"message":"right","conversationId":"fork"}"""], bodies);
        Assert.Equal("fork", address);
        Assert.Equal(["question", "right"], Session.Current.Turns.Select(turn => turn.Message));
    }

    private static Accepted Accepted(string job) => new() { JobId = job, ConversationId = Here, Status = JobStatus.Queued };

    private static MessageStarted Started(string job, int turn) =>
        new() { JobId = job, ConversationId = Here, Turn = turn, Attempt = 1, Model = "m" };
}
