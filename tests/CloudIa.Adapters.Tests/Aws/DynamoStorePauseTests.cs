using CloudIa.Aws.History;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>A node stands still between two writes of an operation, others do something, and it goes on.</summary>
public sealed class DynamoStorePauseTests(DynamoFixture dynamo) : IClassFixture<DynamoFixture>
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly string owner = Samples.Owner();
    private readonly DynamoConversationStore others = dynamo.NewStore();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_begin_whose_conversation_was_deleted_meanwhile_begins_nothing(int write)
    {
        var job = await AcceptedAsync();
        var result = await PausedAsync(write, node => node.BeginAsync(job, None), async () =>
            Assert.Equal(job.JobId, Assert.Single((await others.DeleteAsync(job.Conversation, Samples.Start, None))!).JobId));

        Assert.IsType<BeginResult.Deleted>(result);
        Assert.False(await others.FinishAsync(job.Key, 1, Samples.Answer(), None));
        Assert.Null(await others.FindAsync(job.Key, None));
    }

    [Fact]
    public async Task A_begin_during_which_its_message_was_taken_back_and_its_key_used_for_another_begins_nothing()
    {
        var job = Samples.Job(owner: owner) with { Fingerprint = "one body" };
        var other = job with { Fingerprint = "another body", Message = "something else", AcceptedAt = job.AcceptedAt.AddSeconds(1) };
        var result = await PausedAsync(2, node => node.BeginAsync(job, None), async () =>
        {
            await others.WithdrawPendingAsync(job, None);
            await others.RecordPendingAsync(other, None);
        });

        Assert.IsType<BeginResult.Another>(result);
        Assert.Equal(new BeginResult.Started(1, 1), await others.BeginAsync(other, None));
        Assert.Equal((other.Message, other.Message), await others.FindAsync(job.Key, None) is { } turn
            ? (turn.Message, (await others.FindConversationAsync(job.Conversation, None))!.Title)
            : default);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_begin_that_another_overtakes_is_the_second_attempt_of_one_turn(int write)
    {
        var job = await AcceptedAsync();
        var result = await PausedAsync(write, node => node.BeginAsync(job, None), async () =>
            Assert.Equal(new BeginResult.Started(1, 1), await others.BeginAsync(job, None)));

        Assert.Equal(new BeginResult.Started(1, 2), result);
        Assert.Single(await others.ReadTurnsAsync(job.Conversation, null, 10, None));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_begin_during_which_other_messages_come_and_go_has_one_turn_and_so_have_they(int write)
    {
        var job = await AcceptedAsync();
        var result = await PausedAsync(write, node => node.BeginAsync(job, None), async () =>
        {
            foreach (var message in new[] { "a", "b", "c" })
            {
                var other = job with { JobId = Guid.NewGuid().ToString("N"), Message = message };
                await others.BeginAsync(other, None);
                await others.FinishAsync(other.Key, 1, Samples.Answer(), None);
            }
        });

        var begun = Assert.IsType<BeginResult.Started>(result);
        Assert.Equal(write == 1 ? 4 : 1, begun.Turn);
        Assert.Equal([1, 2, 3, 4], (await others.ReadTurnsAfterAsync(job.Conversation, 0, 10, None)).Select(turn => turn.Number!.Value));
        Assert.True(await others.FinishAsync(job.Key, begun.Attempt, Samples.Answer("late"), None));
        Assert.Equal((begun.Turn, "late"), await others.FindAsync(job.Key, None) is { } turn ? (turn.Number!.Value, turn.End!.Content) : default);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_begin_and_a_stop_that_meet_in_the_middle_agree(int write)
    {
        var (begun, stopped) = (await AcceptedAsync(), await AcceptedAsync());
        StopResult? stop = null;
        var begin = await PausedAsync(write, node => node.BeginAsync(begun, None), async () => stop = await others.RequestStopAsync(begun.Key, Samples.Start, None));
        Assert.Equal(stop!.EndedNow, begin is BeginResult.Finished);
        Assert.Equal(stop.EndedNow, begin is not BeginResult.StopAsked);

        stop = await PausedAsync(write, node => node.RequestStopAsync(stopped.Key, Samples.Start, None), async () => begin = await others.BeginAsync(stopped, None));
        Assert.False(stop!.EndedNow);
        Assert.Equal(new BeginResult.Started(1, 1), begin);
        Assert.Equal(new BeginResult.StopAsked(1, 2), await others.BeginAsync(stopped, None));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public async Task A_message_that_is_begun_and_ended_while_it_is_recorded_does_not_wait(int write, bool later)
    {
        var job = Samples.Job(owner: owner);
        var turn = later ? 2 : 1;
        if (later)
        {
            Assert.Equal(new BeginResult.Started(1, 1), await others.BeginAsync(job with { JobId = Guid.NewGuid().ToString("N") }, None));
        }

        await PausedAsync(
            write,
            async node =>
            {
                await node.RecordPendingAsync(job, None);
                return 0;
            },
            async () =>
            {
                Assert.Equal(new BeginResult.Started(turn, 1), await others.BeginAsync(job, None));
                await others.FinishAsync(job.Key, 1, Samples.Answer("fast"), None);
            });

        Assert.Empty(await others.ReadPendingAsync(job.Conversation, 10, None));
        Assert.IsType<BeginResult.Finished>(await others.BeginAsync(job, None));
        Assert.Equal("fast", (await others.ReadTurnsAsync(job.Conversation, null, 10, None))[0].End!.Content);
        Assert.Equal(new BeginResult.Started(turn + 1, 1), await others.BeginAsync(job with { JobId = Guid.NewGuid().ToString("N") }, None));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_message_that_is_recorded_while_it_begins_does_not_wait(int write)
    {
        var first = await AcceptedAsync();
        await others.BeginAsync(first, None);
        var job = first with { JobId = Guid.NewGuid().ToString("N") };
        var begun = await PausedAsync(write, node => node.BeginAsync(job, None), () => others.RecordPendingAsync(job, None));
        Assert.Equal(new BeginResult.Started(2, 1), begun);
        await others.FinishAsync(job.Key, 1, Samples.Answer("fast"), None);

        // The next begin forgets what was open and has ended.
        Assert.Equal(new BeginResult.Started(3, 1), await others.BeginAsync(job with { JobId = Guid.NewGuid().ToString("N") }, None));
        Assert.Empty(await others.ReadPendingAsync(job.Conversation, 10, None));
        Assert.Equal("fast", (await others.FindAsync(job.Key, None))!.End?.Content);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public async Task A_message_that_was_recorded_is_shown_though_its_begin_stands_still_between_two_writes(int write, bool later)
    {
        var first = await AcceptedAsync();
        var job = later ? first with { JobId = Guid.NewGuid().ToString("N") } : Samples.Job(owner: owner);
        var begun = await PausedAsync(write, node => node.BeginAsync(job, None), async () =>
        {
            await others.RecordPendingAsync(job, None);
            Assert.NotNull(await others.FindConversationAsync(job.Conversation, None));
            Assert.Equal(job.JobId, (await others.ReadUnfinishedAsync(job.Conversation, 10, None))[^1].JobId);
        });

        Assert.Equal(new BeginResult.Started(1, 1), begun);
        Assert.Equal(job.JobId, Assert.Single(await others.ReadTurnsAsync(job.Conversation, null, 10, None)).JobId);
        Assert.DoesNotContain(await others.ReadPendingAsync(job.Conversation, 10, None), waiting => waiting.JobId == job.JobId);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_withdrawal_during_which_the_message_begins_loses_nothing(int write)
    {
        var job = await AcceptedAsync();
        BeginResult? begun = null;
        await PausedAsync(
            write,
            async node =>
            {
                await node.WithdrawPendingAsync(job, None);
                return 0;
            },
            async () => begun = await others.BeginAsync(job, None));

        Assert.Equal(new BeginResult.Started(1, 1), begun);
        Assert.True(await others.FinishAsync(job.Key, 1, Samples.Answer("kept"), None));
        Assert.Equal("kept", (await others.FindAsync(job.Key, None))!.End!.Content);
        Assert.Equal(new BeginResult.Started(2, 1), await others.BeginAsync(job with { JobId = Guid.NewGuid().ToString("N") }, None));
        Assert.Equal("kept", (await others.FindAsync(job.Key, None))!.End!.Content);
    }

    private async Task<JobMessage> AcceptedAsync()
    {
        var job = Samples.Job(owner: owner);
        await others.RecordPendingAsync(job, None);
        return job;
    }

    private async Task<T> PausedAsync<T>(int write, Func<DynamoConversationStore, Task<T>> work, Func<Task> meanwhile)
    {
        var (client, node) = PausedClient.Of(dynamo.Client, write);
        var working = work(dynamo.NewStore(client));
        await Patience.For(Task.WhenAny(node.Paused, working), "the write to be reached", () => "");
        await meanwhile();
        node.GoOn();
        return await working;
    }
}
