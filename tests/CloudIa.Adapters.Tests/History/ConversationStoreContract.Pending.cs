using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: messages that wait, and stops.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task A_pending_message_is_shown_before_its_turn_begins()
    {
        var job = Job(message: "still waiting");
        await AcceptAsync(job);

        var turn = Assert.Single(await store.ReadPendingAsync(job.Conversation, 10, None));
        Assert.Equal((null, 0, JobStatus.Queued, "still waiting"), (turn.Number, turn.Attempt, turn.Status, turn.Message));
        Assert.Null(turn.End);
        Assert.Equal(turn, await store.FindAsync(job.Key, None));
        Assert.Empty(await store.ReadTurnsAsync(job.Conversation, null, 10, None));
        Assert.Equal(0, (await store.FindConversationAsync(job.Conversation, None))!.Turns);
    }

    [Fact]
    public async Task A_message_that_is_recorded_while_it_begins_is_shown_in_its_conversation_from_then_on()
    {
        for (var i = 0; i < 30; i++)
        {
            var job = Job();
            var begin = Task.Run(() => store.BeginAsync(job, None), None);
            await AcceptAsync(job);

            Assert.Equal(job.JobId, Assert.Single(await store.ReadUnfinishedAsync(job.Conversation, 10, None)).JobId);
            Assert.NotNull(await store.FindConversationAsync(job.Conversation, None));
            Assert.Equal(new BeginResult.Started(1, 1), await begin);
            Assert.Empty(await store.ReadPendingAsync(job.Conversation, 10, None));
        }
    }

    [Fact]
    public async Task A_message_recorded_again_stays_as_it_was()
    {
        var job = Job(message: "first");
        await AcceptAsync(job);
        await AcceptAsync(job with { Message = "second", Fingerprint = "other" });
        Assert.Equal("first", (await store.FindAsync(job.Key, None))!.Message);

        await store.BeginAsync(job, None);
        await AcceptAsync(job);
        Assert.Equal((1, JobStatus.Running), await store.FindAsync(job.Key, None) is { } begun ? (begun.Attempt, begun.Status) : default);

        await store.FinishAsync(job.Key, 1, Samples.Answer(), None);
        await AcceptAsync(job);
        Assert.Equal(JobStatus.Completed, (await store.FindAsync(job.Key, None))!.Status);
        Assert.Empty(await store.ReadPendingAsync(job.Conversation, 10, None));
    }

    [Fact]
    public async Task Pending_messages_are_read_newest_first()
    {
        var conversation = Samples.Conversation();
        for (var i = 0; i < 4; i++)
        {
            await AcceptAsync(Job(conversation, $"{i}", Samples.Start.AddMilliseconds(i)));
        }

        var newest = await store.ReadPendingAsync(new ConversationKey(owner, conversation), 3, None);
        Assert.Equal(["3", "2", "1"], newest.Select(turn => turn.Message));
    }

    [Fact]
    public async Task A_withdrawn_message_leaves_no_trace()
    {
        var job = Job();
        await store.RecordPendingAsync(job, None);
        await store.WithdrawPendingAsync(job, None);

        Assert.Null(await store.FindAsync(job.Key, None));
        Assert.Null(await store.FindConversationAsync(job.Conversation, None));
        Assert.Empty(await store.ListAsync(owner, null, 10, None));
        await store.WithdrawPendingAsync(job, None);
    }

    [Fact]
    public async Task A_withdrawal_leaves_the_conversations_other_messages()
    {
        var kept = Job(message: "kept");
        await store.BeginAsync(kept, None);
        var job = Job(kept.ConversationId);
        await store.RecordPendingAsync(job, None);
        await store.WithdrawPendingAsync(job, None);

        Assert.Equal("kept", Assert.Single(await store.ReadTurnsAsync(kept.Conversation, null, 10, None)).Message);
        Assert.NotNull(await store.FindConversationAsync(kept.Conversation, None));
    }

    [Fact]
    public async Task A_message_whose_turn_began_is_not_withdrawn()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        await store.WithdrawPendingAsync(job, None);

        Assert.NotNull(await store.FindAsync(job.Key, None));
    }

    [Fact]
    public async Task A_stop_of_a_waiting_message_ends_it_at_once()
    {
        var job = Job();
        await AcceptAsync(job);
        var at = Samples.Start.AddSeconds(1);
        var stopped = (await store.RequestStopAsync(job.Key, at, None))!;

        Assert.True(stopped.EndedNow);
        Assert.Equal(JobStatus.Cancelled, stopped.Turn.Status);
        Assert.Equal(("", at), (stopped.Turn.End!.Content, stopped.Turn.End.EndedAt));
        Assert.IsType<BeginResult.Finished>(await store.BeginAsync(job, None));
        Assert.Equal((1, 0), await store.FindAsync(job.Key, None) is { } turn ? (turn.Number, turn.Attempt) : (-1, -1));
        Assert.Empty(await store.ReadPendingAsync(job.Conversation, 10, None));
    }

    [Fact]
    public async Task A_stop_of_a_waiting_message_takes_the_next_turn_and_history_shows_it()
    {
        var conversation = Samples.Conversation();
        var (running, stopped, next) = (Job(conversation), Job(conversation, "stopped"), Job(conversation));
        await store.BeginAsync(running, None);
        await AcceptAsync(stopped);
        await store.RequestStopAsync(stopped.Key, Samples.Start, None);

        Assert.Equal(new BeginResult.Started(3, 1), await store.BeginAsync(next, None));
        var turns = await store.ReadTurnsAsync(stopped.Conversation, null, 10, None);
        Assert.Equal([3, 2, 1], turns.Select(turn => turn.Number!.Value));
        Assert.Equal(("stopped", 0, JobStatus.Cancelled, "", "stopped"), (turns[1].Message, turns[1].Attempt, turns[1].Status, turns[1].End!.Content, turns[1].End!.FinishReason));
        Assert.Equal(3, (await store.FindConversationAsync(stopped.Conversation, None))!.Turns);
    }

    [Fact]
    public async Task A_conversation_whose_second_message_was_stopped_before_its_first_began_keeps_the_firsts_title()
    {
        var first = Job(message: "First things first");
        var second = Job(first.ConversationId, "then others", Samples.Start.AddMinutes(1));
        await AcceptAsync(first);
        await AcceptAsync(second);
        await store.RequestStopAsync(second.Key, Samples.Start, None);

        var shown = (await store.FindConversationAsync(first.Conversation, None))!;
        Assert.Equal(("First things first", first.AcceptedAt, second.AcceptedAt), (shown.Title, shown.CreatedAt, shown.UpdatedAt));
        Assert.Equal(new BeginResult.Started(2, 1), await store.BeginAsync(first, None));
    }

    [Fact]
    public async Task Unfinished_messages_are_those_without_an_end_in_the_order_in_which_they_are_answered()
    {
        var conversation = Samples.Conversation();
        var jobs = Enumerable.Range(0, 5).Select(i => Job(conversation, $"{i}", Samples.Start.AddMilliseconds(i))).ToArray();
        foreach (var job in jobs)
        {
            await AcceptAsync(job);
        }

        await AcceptAsync(Job(message: "elsewhere"));
        await store.BeginAsync(jobs[0], None);
        await store.FinishAsync(jobs[0].Key, 1, Samples.Answer(), None);
        await store.BeginAsync(jobs[1], None);
        await store.RequestStopAsync(jobs[3].Key, Samples.Start, None);

        var unfinished = await store.ReadUnfinishedAsync(jobs[0].Conversation, 10, None);
        Assert.Equal([("1", JobStatus.Running), ("2", JobStatus.Queued), ("4", JobStatus.Queued)], unfinished.Select(turn => (turn.Message, turn.Status)));
        Assert.Equal(["1", "2"], (await store.ReadUnfinishedAsync(jobs[0].Conversation, 2, None)).Select(turn => turn.Message));
    }

    [Fact]
    public async Task A_stop_of_a_running_job_is_kept_for_the_next_begin()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        var result = (await store.RequestStopAsync(job.Key, Samples.Start, None))!;
        Assert.False(result.EndedNow);
        Assert.Null(result.Turn.End);
        Assert.Equal((true, true), (result.Turn.StopAsked, (await store.FindAsync(job.Key, None))!.StopAsked));

        Assert.Equal(new BeginResult.StopAsked(1, 2), await store.BeginAsync(job, None));
        Assert.True(await store.FinishAsync(job.Key, 2, Samples.Answer("") with { Status = JobStatus.Cancelled }, None));
        Assert.False((await store.FindAsync(job.Key, None))!.StopAsked);
    }

    [Fact]
    public async Task The_running_worker_may_still_finish_after_a_stop_was_asked_for()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        await store.RequestStopAsync(job.Key, Samples.Start, None);

        Assert.True(await store.FinishAsync(job.Key, 1, Samples.Answer("it was faster"), None));
    }

    [Fact]
    public async Task A_stop_of_an_ended_job_changes_nothing_and_shows_its_end()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, Samples.Answer("done"), None);
        var result = (await store.RequestStopAsync(job.Key, Samples.Start, None))!;

        Assert.False(result.EndedNow);
        Assert.Equal((JobStatus.Completed, "done"), (result.Turn.Status, result.Turn.End!.Content));
        Assert.Null(await store.RequestStopAsync(new JobKey(owner, "no such job"), Samples.Start, None));
    }

    [Fact]
    public async Task A_stop_and_a_begin_at_once_agree_on_one_winner()
    {
        for (var i = 0; i < 30; i++)
        {
            var job = Job();
            await AcceptAsync(job);
            var begin = store.BeginAsync(job, None);
            var stop = await store.RequestStopAsync(job.Key, Samples.Start, None);

            Assert.Equal(stop!.EndedNow, await begin is BeginResult.Finished);
        }
    }
}
