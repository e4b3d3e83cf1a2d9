using CloudIa.Core.Queue;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>SQS gives several messages of a group in one batch; jobs of a conversation come one at a time all the same.</summary>
[Collection(SqsClock.Name)]
public sealed class SqsGroupTests(SqsClockServer server, Engines engines) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqsQueueFixture fixture = null!;

    private IJobQueue Queue => fixture.Queue;

    public async ValueTask InitializeAsync()
    {
        fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);
        await server.Sqs.BatchGroupsAsync(true);
    }

    public async ValueTask DisposeAsync()
    {
        await server.Sqs.BatchGroupsAsync(false);
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task The_engine_of_these_tests_gives_several_messages_of_a_group()
    {
        await fixture.EnqueueAsync(Samples.Jobs(3));

        var response = await fixture.Sqs.ReceiveMessageAsync(
            new Amazon.SQS.Model.ReceiveMessageRequest { QueueUrl = await fixture.UrlAsync(), MaxNumberOfMessages = 10 },
            TestContext.Current.CancellationToken);
        Assert.Equal(3, response.Messages.Count);
    }

    [Fact]
    public async Task Of_a_batch_each_conversation_gets_its_first_job()
    {
        var (one, other) = (Samples.Jobs(4), Samples.Jobs(3));
        await fixture.EnqueueAsync([.. one, .. other]);

        var leases = await fixture.TakeAsync();
        Assert.Equal([one[0], other[0]], leases.Select(lease => lease.Job));
        Assert.Empty(await fixture.TakeAsync());
        await Queue.CompleteAsync(leases[0], None);
        Assert.Equal(one[1], (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task All_of_a_batch_come_in_their_order()
    {
        var (one, other) = (Samples.Jobs(12), Samples.Jobs(12));
        await fixture.EnqueueAsync(one.Zip(other).SelectMany(both => new[] { both.First, both.Second }));

        var done = await fixture.DrainAsync();
        Assert.Equal(one, done.Where(job => job.ConversationId == one[0].ConversationId));
        Assert.Equal(other, done.Where(job => job.ConversationId == other[0].ConversationId));
    }

    [Fact]
    public async Task The_later_jobs_of_a_batch_wait_behind_a_delay_and_behind_a_lost_lease()
    {
        var jobs = Samples.Jobs(3);
        await fixture.EnqueueAsync(jobs);
        await Queue.ReleaseAsync(await fixture.TakeOneAsync(), TimeSpan.FromSeconds(90), None);
        await fixture.PassAsync(TimeSpan.FromSeconds(89));
        Assert.Empty(await fixture.TakeAsync());

        await fixture.PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(jobs[0], (await fixture.TakeOneAsync()).Job);
        await fixture.PassAsync(fixture.Lease + TimeSpan.FromSeconds(1));
        Assert.Equal(jobs, await fixture.DrainAsync());
    }
}
