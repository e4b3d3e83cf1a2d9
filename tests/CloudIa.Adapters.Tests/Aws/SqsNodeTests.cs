using CloudIa.Aws.Queue;
using CloudIa.Core.Queue;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Several nodes on one queue.</summary>
[Collection(SqsClock.Name)]
public sealed class SqsNodeTests(SqsClockServer server, Engines engines) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqsQueueFixture fixture = null!;

    private IJobQueue Queue => fixture.Queue;

    public async ValueTask InitializeAsync() => fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task A_node_that_was_stopped_beyond_its_lease_harms_no_other()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lost = await fixture.TakeOneAsync();
        await fixture.PassUnseenAsync(fixture.Lease + TimeSpan.FromSeconds(1));
        var other = fixture.Open();
        var held = Assert.Single(await other.ReceiveAsync(1, None));

        // By its own clock the first still has the lease; the engine knows better.
        Assert.False(await Queue.ReleaseAsync(lost, TimeSpan.Zero, None));
        Assert.False(await Queue.ExtendAsync(lost, None));
        Assert.False(await Queue.CompleteAsync(lost, None));
        Assert.True(await other.ExtendAsync(held, None));
        Assert.True(await other.CompleteAsync(held, None));
        Assert.Equal(0, (await other.MeasureAsync(None)).Waiting);
    }

    [Fact]
    public async Task Two_nodes_work_one_conversation_off_in_its_order()
    {
        var jobs = Samples.Jobs(6);
        await fixture.EnqueueAsync(jobs);
        var nodes = new[] { Queue, fixture.Open() };

        for (var i = 0; i < jobs.Length; i++)
        {
            var lease = Assert.Single(await nodes[i % 2].ReceiveAsync(10, None));
            Assert.Equal(jobs[i], lease.Job);
            Assert.True(await nodes[i % 2].CompleteAsync(lease, None));
        }
    }

    [Fact]
    public async Task What_a_node_that_leaves_gave_back_and_its_own_poll_got_is_another_ones_at_once()
    {
        var job = Samples.Job();
        await fixture.EnqueueAsync(job);
        var lease = await fixture.TakeOneAsync();
        fixture.Options.PollSeconds = 20;
        var arrive = await LeaveAsync();

        // The engine gives it to the poll that waits, and the answer is on its way when the node ends.
        Assert.True(await Queue.ReleaseAsync(lease, TimeSpan.Zero, None));
        await Patience.Until<object>(async _ => await server.Sqs.WaitersAsync(fixture.Options.Queue) == 0 ? this : null, "the poll to be answered", server.Sqs.Tail);
        var closing = ((SqsJobQueue)Queue).DisposeAsync().AsTask();
        var another = fixture.Open();
        await another.MeasureAsync(None);
        Assert.False(closing.IsCompleted);
        arrive.SetResult();
        await Patience.For(closing, "the node to end", server.Sqs.Tail);

        Assert.Equal(job, Assert.Single(await Patience.For(another.ReceiveAsync(1, None), "the job on another node", server.Sqs.Tail)).Job);
    }

    [Fact]
    public async Task A_node_that_leaves_waits_no_longer_for_its_poll_than_a_call_may_take()
    {
        (fixture.Options.PollSeconds, fixture.Options.QueueMilliseconds) = (1, 300);
        await LeaveAsync();

        // Its answer never arrives.
        await Patience.For(((SqsJobQueue)Queue).DisposeAsync().AsTask(), "the node to end", server.Sqs.Tail);
    }

    [Fact]
    public async Task Only_the_node_that_parked_a_job_can_end_its_delay()
    {
        var job = Samples.Job();
        await fixture.EnqueueAsync(job);
        await Queue.ReleaseAsync(await fixture.TakeOneAsync(), TimeSpan.FromMinutes(1), None);

        Assert.False(await fixture.Open().HastenAsync(job.Conversation, None));
        Assert.True(await Queue.HastenAsync(job.Conversation, None));
        Assert.Equal(job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task Of_posts_to_several_nodes_that_want_the_conversation_idle_one_is_added()
    {
        var nodes = Enumerable.Range(0, 4).Select(_ => fixture.Open()).ToArray();
        var results = await Task.WhenAll(Samples.Jobs(12).Select((job, i) => nodes[i % 4].EnqueueAsync(job, EnqueueCondition.ConversationIdle, None)));

        Assert.Single(results, EnqueueResult.Added);
        Assert.Single(await fixture.DrainAsync());
    }

    [Fact]
    public async Task A_post_whose_node_died_before_its_commit_blocks_a_conversation_for_half_a_minute()
    {
        var jobs = Samples.Jobs(2);
        var claims = new IdleClaims(fixture.Dynamo, fixture.Store, fixture.Options, fixture.Time, NullLogger.Instance);
        Assert.True(await claims.TakeAsync(jobs[0], None));

        Assert.Equal(EnqueueResult.Busy, await Queue.EnqueueAsync(jobs[1], EnqueueCondition.ConversationIdle, None));
        await fixture.PassAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(EnqueueResult.Added, await Queue.EnqueueAsync(jobs[1], EnqueueCondition.ConversationIdle, None));
    }

    /// <summary>Nobody waits for the node's poll any more, whose answer will not arrive until it is said.</summary>
    private async Task<TaskCompletionSource> LeaveAsync()
    {
        var arrive = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fixture.Wire.ReceivesArrive = arrive.Task;
        using var leaving = new CancellationTokenSource();
        var waits = Queue.ReceiveAsync(1, leaving.Token);
        await fixture.WaitsAsync(waits);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        return arrive;
    }

    [Fact]
    public async Task A_post_that_the_engine_did_not_take_leaves_its_conversation_idle()
    {
        var jobs = Samples.Jobs(2);
        fixture.Wire.Cut = "SendMessageBatch";
        await Assert.ThrowsAsync<QueueUnavailableException>(() => Queue.EnqueueAsync(jobs[0], EnqueueCondition.ConversationIdle, None));
        fixture.Wire.Cut = null;

        Assert.Equal(EnqueueResult.Added, await Queue.EnqueueAsync(jobs[1], EnqueueCondition.ConversationIdle, None));
    }
}
