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
