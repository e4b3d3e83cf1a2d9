using CloudIa.Aws.History;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>The turns that are kept for the next prompt: the table's own, for less.</summary>
public sealed class MessageCacheTests(DynamoFixture dynamo) : IClassFixture<DynamoFixture>
{
    private static readonly CancellationToken None = CancellationToken.None;

    // Each step: a message begins, or a regeneration of a turn; the job begun last but some ends, is stopped, or fails and
    // comes back redriven; a message waits and is stopped, or taken back; the owner changes the title; Redis forgets; or
    // somebody reads, from the top or from further down.
    private static readonly Gen<(Act, int)[]> Schedules = Gen.Select(
        Gen.Frequency(
            (6, Gen.Const(Act.Begin)), (6, Gen.Const(Act.Finish)), (2, Gen.Const(Act.Regenerate)), (1, Gen.Const(Act.Fail)), (1, Gen.Const(Act.Redrive)),
            (1, Gen.Const(Act.StopWaiting)), (1, Gen.Const(Act.Withdraw)), (1, Gen.Const(Act.Change)), (1, Gen.Const(Act.Forget)), (6, Gen.Const(Act.Read))),
        Gen.Int[0, 5]).Array[5, 60];

    private readonly MessageCache cache = new(dynamo.Link, TimeSpan.FromMinutes(10));
    private readonly IConversationStore nodes = dynamo.NewNodes(3);
    private readonly DynamoConversationStore bare = dynamo.NewStore(cache: null);

    private enum Act
    {
        Begin,
        Finish,
        Regenerate,
        Fail,
        Redrive,
        StopWaiting,
        Withdraw,
        Change,
        Forget,
        Read,
    }

    [Fact]
    public Task Whatever_is_done_to_a_conversation_the_turns_that_are_kept_are_the_tables() =>
        Schedules.SampleAsync(RunAsync, iter: 30, threads: 1, print: steps => string.Join("; ", steps));

    [Fact]
    public async Task The_prompt_of_a_long_conversation_costs_the_table_one_small_read()
    {
        var store = dynamo.NewStore();
        var first = Samples.Job(owner: Samples.Owner());
        for (var turn = 1; turn <= 30; turn++)
        {
            var job = turn == 1 ? first : Samples.Job(first.ConversationId, owner: first.Owner);
            await store.BeginAsync(job, None);
            var before = store.Units.Sum.Read;
            var prompt = await store.ReadTurnsAsync(first.Conversation, turn, 20, None);
            Assert.Equal(Enumerable.Range(0, turn).Reverse().Where(number => number > 0).Take(20), prompt.Select(each => each.Number!.Value));

            // Nothing is read of a first turn's history.
            Assert.Equal(turn == 1 ? 0 : 1, store.Units.Sum.Read - before);
            await store.FinishAsync(job.Key, 1, Samples.Answer(new string('é', 500)), None);
        }
    }

    [Fact]
    public async Task A_long_window_is_kept_page_by_page()
    {
        var (store, table) = (dynamo.NewStore(), dynamo.NewStore(cache: null));
        var first = Samples.Job(owner: Samples.Owner());
        for (var turn = 1; turn <= 50; turn++)
        {
            var job = turn == 1 ? first : Samples.Job(first.ConversationId, owner: first.Owner);
            await table.BeginAsync(job, None);
            await table.FinishAsync(job.Key, 1, Samples.Answer($"answer {turn}"), None);
        }

        var costs = new List<double>();
        for (var time = 1; time <= 2; time++)
        {
            var before = store.Units.Sum.Read;
            foreach (var below in new[] { 51, 31, 11 })
            {
                Assert.Equal(await table.ReadTurnsAsync(first.Conversation, below, 20, None), await store.ReadTurnsAsync(first.Conversation, below, 20, None));
            }

            costs.Add(store.Units.Sum.Read - before);
        }

        // Of each page the conversation's item alone.
        Assert.Equal(3, costs[1]);
        Assert.True(costs[0] > costs[1]);

        // A short look does not shorten what is kept.
        await store.ReadTurnsAsync(first.Conversation, null, 1, None);
        Assert.Equal(50, (await cache.FindAsync(first.Conversation, 50, 50))!.Page.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_nobody_can_read_in_Redis_or_is_half_gone_is_read_from_the_table(bool gone)
    {
        var store = dynamo.NewStore();
        var job = Samples.Job(owner: Samples.Owner());
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, Samples.Answer("kept"), None);
        var redis = dynamo.Link.Multiplexer.GetDatabase();
        var turns = $"cloudia:messages:1:{{{job.Owner.Length}:{job.Owner}:{job.ConversationId}}}:turns";
        Assert.True(await redis.KeyDeleteAsync(turns));
        if (!gone)
        {
            await redis.ListRightPushAsync(turns, """{"jobId":7}""");
        }

        Assert.Equal("kept", Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 20, None)).End!.Content);
    }

    [Fact]
    public async Task A_deleted_conversation_leaves_nothing_in_Redis()
    {
        var store = dynamo.NewStore();
        var job = Samples.Job(owner: Samples.Owner());
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, Samples.Answer(), None);
        Assert.NotNull(await cache.FindAsync(job.Conversation, 1, 1));

        await store.DeleteAsync(job.Conversation, Samples.Start, None);

        Assert.Null(await cache.FindAsync(job.Conversation, 1, 1));
    }

    [Fact]
    public async Task A_turn_that_is_too_long_to_be_kept_is_read_from_the_table()
    {
        var store = dynamo.NewStore();
        var job = Samples.Job(owner: Samples.Owner());
        var answer = new string('x', 20_000);
        await store.BeginAsync(job, None);
        await store.FinishAsync(job.Key, 1, Samples.Answer(answer), None);

        Assert.Null(await cache.FindAsync(job.Conversation, 1, 1));
        Assert.Equal(answer, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).End!.Content);
        Assert.Null(await cache.FindAsync(job.Conversation, 1, 1));
    }

    private async Task RunAsync((Act Act, int Of)[] schedule)
    {
        var first = Samples.Job(owner: Samples.Owner());
        var begun = new List<(JobMessage Job, int Attempt)>();
        var failed = new List<JobMessage>();
        var turns = 0;
        await BeginAsync(first);
        foreach (var (act, of) in schedule)
        {
            switch (act)
            {
                case Act.Begin:
                    await BeginAsync(Samples.Job(first.ConversationId, $"question {turns + 1}", first.Owner));
                    break;
                case Act.Regenerate:
                    await BeginAsync(Samples.Job(first.ConversationId, owner: first.Owner) with { Turn = 1 + (of % turns) });
                    break;
                case Act.Finish or Act.Fail when begun.Count > 0:
                    var (job, attempt) = begun[^(1 + (of % Math.Min(2, begun.Count)))];
                    begun.Remove((job, attempt));
                    var end = Samples.Answer($"answer of {job.JobId}, {attempt}");
                    await nodes.FinishAsync(job.Key, attempt, act == Act.Fail ? end with { Status = JobStatus.Failed, Content = "" } : end, None);
                    if (act == Act.Fail)
                    {
                        failed.Add(job with { Redrives = job.Redrives + 1 });
                    }

                    break;
                case Act.Redrive when failed.Count > 0:
                    await BeginAsync(failed[^1]);
                    failed.RemoveAt(failed.Count - 1);
                    break;
                case Act.StopWaiting:
                    var waiting = Samples.Job(first.ConversationId, owner: first.Owner);
                    await nodes.RecordPendingAsync(waiting, None);
                    await nodes.RequestStopAsync(waiting.Key, Samples.Start, None);
                    turns++;
                    break;
                case Act.Withdraw:
                    var taken = Samples.Job(first.ConversationId, owner: first.Owner);
                    await nodes.RecordPendingAsync(taken, None);
                    await nodes.WithdrawPendingAsync(taken, None);
                    break;
                case Act.Change:
                    await nodes.ChangeAsync(first.Conversation, new ConversationChange($"title {of}", null), None);
                    break;
                case Act.Forget:
                    await cache.ForgetAsync(first.Conversation);
                    break;
                case Act.Read:
                    await CompareAsync(of == 0 ? null : Math.Max(1, turns - of), 2);
                    break;
            }

            // As the next prompt would.
            await CompareAsync(null, 20);
            await CompareAsync(turns, 20);
        }

        async Task BeginAsync(JobMessage job)
        {
            if (await nodes.BeginAsync(job, None) is BeginResult.Started started)
            {
                turns = Math.Max(turns, started.Turn);
                begun.Add((job, started.Attempt));
            }
        }

        async Task CompareAsync(int? before, int limit) => Assert.Equal(
            await bare.ReadTurnsAsync(first.Conversation, before, limit, None),
            await nodes.ReadTurnsAsync(first.Conversation, before, limit, None));
    }
}
