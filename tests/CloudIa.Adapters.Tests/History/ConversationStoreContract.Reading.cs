using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: what is read back, and by whom.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task Every_field_of_a_turn_is_read_back_as_it_was_written()
    {
        var job = Job(message: Samples.Unicode) with { Fingerprint = "print" };
        var end = new TurnEnd
        {
            Status = JobStatus.Completed,
            Content = Samples.Unicode,
            EndedAt = Samples.Start.AddMilliseconds(1234),
            Model = "gpt-4.1-mini",
            Usage = new Usage(123_456, 789, 0.000_000_123_456_789m),
            FinishReason = "length",
        };
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, end, None);

        var turn = new Turn
        {
            JobId = job.JobId,
            ConversationId = job.ConversationId,
            Number = 1,
            Message = job.Message,
            Fingerprint = job.Fingerprint,
            AcceptedAt = job.AcceptedAt,
            Attempt = 1,
            Status = JobStatus.Completed,
            End = end,
        };
        Assert.Equal(turn, await store.FindAsync(job.Key, None));
        Assert.Equal(turn, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)));
    }

    [Fact]
    public async Task A_failure_is_read_back_with_its_code_and_details_and_no_price()
    {
        var job = Job();
        var end = new TurnEnd
        {
            Status = JobStatus.Failed,
            Content = "",
            EndedAt = Samples.Start,
            ErrorCode = ErrorCode.ModelThrottled,
            ErrorDetails = "HTTP 429",
            Usage = new Usage(1, 2),
        };
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, end, None);

        Assert.Equal(end, (await store.FindAsync(job.Key, None))!.End);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("79228162514264337593543950335")]
    [InlineData("0.0000000000000000000000000001")]
    public async Task A_cost_is_kept_to_its_last_digit(string cost)
    {
        var job = Job();
        var usage = new Usage(1, 1, decimal.Parse(cost, System.Globalization.CultureInfo.InvariantCulture));
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, Samples.Answer() with { Usage = usage }, None);

        Assert.Equal(usage, (await store.FindAsync(job.Key, None))!.End!.Usage);
    }

    [Fact]
    public async Task An_answer_of_1_MiB_is_kept_whole()
    {
        var content = string.Concat(Enumerable.Repeat("0123456789abcde😀", 65_536 - 4096)) + new string('z', 4096 * 7);
        var job = Job(message: new string('é', 32_000));
        await store.BeginAsync(job, None);
        Assert.True(await store.FinishAsync(job.Key, 1, Samples.Answer(content), None));

        var turn = Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 1, None));
        Assert.Equal(content, turn.End!.Content);
        Assert.Equal(job.Message, turn.Message);
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("before\0after")]
    [InlineData("e\u0301 👩‍👩‍👧\r\n\u2028\ufffe\u0001 end\0")]
    public async Task Text_of_any_characters_is_kept_whole_with_FFFD_for_0(string text)
    {
        text = string.Concat(Enumerable.Repeat(text, 20));
        var job = Job(message: text) with { SystemPrompt = text };
        await AcceptAsync(job);
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, Samples.Answer(text), None);

        text = text.Replace('\0', '\uFFFD');
        var turn = (await store.FindAsync(job.Key, None))!;
        Assert.Equal((text, text), (turn.Message, turn.End!.Content));
        Assert.Equal(text, (await store.FindConversationAsync(job.Conversation, None))!.SystemPrompt);
    }

    [Fact]
    public async Task Turns_are_read_newest_first_and_page_by_page()
    {
        var conversation = new ConversationKey(owner, Samples.Conversation());
        for (var i = 0; i < 7; i++)
        {
            await store.BeginAsync(Job(conversation.ConversationId), None);
        }

        var read = new List<int>();
        int? before = null;
        while (await store.ReadTurnsAsync(conversation, before, 3, None) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, 3);
            read.AddRange(page.Select(turn => turn.Number!.Value));
            before = read[^1];
        }

        Assert.Equal([7, 6, 5, 4, 3, 2, 1], read);
    }

    [Fact]
    public async Task Times_are_whole_milliseconds_so_that_conversations_of_one_moment_come_once_each()
    {
        foreach (var ticks in new[] { 1, 5_000, 9_999 })
        {
            await AcceptAsync(Job(at: Samples.Start.AddTicks(ticks)));
            await store.BeginAsync(Job(at: Samples.Start.AddTicks(ticks)), None);
        }

        var listed = new List<string>();
        ListPlace? after = null;
        while (await store.ListAsync(owner, after, 1, None) is [var only])
        {
            Assert.Equal((Samples.Start, Samples.Start), (only.CreatedAt, only.UpdatedAt));
            listed.Add(only.ConversationId);
            after = new ListPlace(only.UpdatedAt, only.ConversationId);
        }

        Assert.Equal(6, listed.Distinct().Count());
    }

    [Fact]
    public async Task Conversations_are_listed_by_their_newest_message_and_page_by_page()
    {
        // The middle two have one time: they too must come once each.
        var jobs = new[] { 0, 1, 2, 2, 3 }.Select(i => Job(message: $"{i}", at: Samples.Start.AddMinutes(i))).ToArray();
        foreach (var job in jobs)
        {
            await AcceptAsync(job);
        }

        await AcceptAsync(Job(jobs[0].ConversationId, at: Samples.Start.AddHours(1)));

        var listed = new List<Conversation>();
        ListPlace? after = null;
        while (await store.ListAsync(owner, after, 2, None) is { Count: > 0 } page)
        {
            listed.AddRange(page);
            after = new ListPlace(page[^1].UpdatedAt, page[^1].ConversationId);
        }

        Assert.Equal(["0", "3", "2", "2", "1"], listed.Select(conversation => conversation.Title));
        Assert.Equal(5, listed.Select(conversation => conversation.ConversationId).Distinct().Count());
        Assert.Equal((Samples.Start, Samples.Start.AddHours(1)), (listed[0].CreatedAt, listed[0].UpdatedAt));
    }

    [Fact]
    public async Task A_conversation_keeps_the_title_of_its_first_message()
    {
        var job = Job(message: "First things first");
        await AcceptAsync(job);
        Assert.Equal("First things first", (await store.FindConversationAsync(job.Conversation, None))!.Title);
        await store.BeginAsync(job, None);
        await store.BeginAsync(Job(job.ConversationId, "then others"), None);

        Assert.Equal("First things first", (await store.FindConversationAsync(job.Conversation, None))!.Title);
    }

    [Fact]
    public async Task Nothing_of_an_owners_is_there_for_another()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        await AcceptAsync(Job(job.ConversationId));
        var stranger = Samples.Owner();
        var key = job.Key with { Owner = stranger };
        var conversation = job.Conversation with { Owner = stranger };

        Assert.Null(await store.FindAsync(key, None));
        Assert.Null(await store.FindConversationAsync(conversation, None));
        Assert.Empty(await store.ReadTurnsAsync(conversation, null, 10, None));
        Assert.Empty(await store.ReadPendingAsync(conversation, 10, None));
        Assert.Empty(await store.ReadUnfinishedAsync(conversation, 10, None));
        Assert.Empty(await store.ListAsync(stranger, null, 10, None));
        Assert.False(await store.FinishAsync(key, 1, Samples.Answer("a stranger's"), None));
        Assert.Null(await store.RequestStopAsync(key, Samples.Start, None));
        await store.WithdrawPendingAsync(job with { Owner = stranger }, None);

        Assert.Equal(new BeginResult.Started(1, 2), await store.BeginAsync(job, None));
    }

    [Fact]
    public async Task The_same_names_of_two_owners_are_two_conversations()
    {
        var job = Job(message: "mine");
        var theirs = job with { Owner = Samples.Owner(), Message = "theirs" };
        await store.BeginAsync(job, None);
        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(theirs, None));
        await store.FinishAsync(theirs.Key, 1, Samples.Answer("for them"), None);

        Assert.Null((await store.FindAsync(job.Key, None))!.End);
        Assert.Equal("mine", Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Message);
        Assert.Equal("theirs", (await store.FindConversationAsync(theirs.Conversation, None))!.Title);
    }
}
