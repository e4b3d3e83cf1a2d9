using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>This part: an enqueue that wants its conversation idle, and delays that are ended early.</summary>
public abstract partial class JobQueueContract
{
    [Fact]
    public async Task An_enqueue_says_what_became_of_it()
    {
        var job = Samples.Job();

        var again = fixture.TellsDuplicates ? EnqueueResult.AlreadyThere : EnqueueResult.Added;

        Assert.Equal(EnqueueResult.Added, await Queue.EnqueueAsync(job, EnqueueCondition.None, None));
        Assert.Equal(again, await Queue.EnqueueAsync(job, EnqueueCondition.None, None));
        Assert.Equal(again, await EnqueueIfIdleAsync(job));
        Assert.Equal(again, await EnqueueIfIdleAsync(job));
        Assert.Equal(job, Assert.Single(await fixture.DrainAsync()));
    }

    [Fact]
    public async Task A_conversation_is_busy_while_a_job_of_it_has_no_end()
    {
        var jobs = Samples.Jobs(3);
        Assert.Equal(EnqueueResult.Added, await EnqueueIfIdleAsync(jobs[0]));
        Assert.Equal(EnqueueResult.Busy, await EnqueueIfIdleAsync(jobs[1]));
        var lease = await fixture.TakeOneAsync();
        Assert.Equal(EnqueueResult.Busy, await EnqueueIfIdleAsync(jobs[1]));
        await fixture.Store.BeginAsync(jobs[0], None);
        Assert.Equal(EnqueueResult.Busy, await EnqueueIfIdleAsync(jobs[1]));

        Assert.Equal(1, (await Queue.MeasureAsync(None)).Waiting);
        Assert.Equal(EnqueueResult.Added, await EnqueueIfIdleAsync(Samples.Job()));
        Assert.Equal(EnqueueResult.Added, await EnqueueIfIdleAsync(jobs[1] with { Owner = "another" }));
        Assert.Equal(jobs[0], lease.Job);
    }

    [Fact]
    public async Task A_conversation_is_idle_once_the_end_is_stored_though_its_message_is_in_the_queue_still()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs[0]);
        var lease = await fixture.TakeOneAsync();
        await fixture.Store.BeginAsync(jobs[0], None);
        await fixture.Store.FinishAsync(jobs[0].Key, 1, Samples.Answer(), None);

        Assert.Equal(EnqueueResult.Added, await EnqueueIfIdleAsync(jobs[1]));
        Assert.Empty(await fixture.TakeAsync());
        await Queue.CompleteAsync(lease, None);
        Assert.Equal(jobs[1], (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task Of_many_at_once_that_ask_for_an_idle_conversation_one_is_added()
    {
        var jobs = Samples.Jobs(20);
        var results = await Task.WhenAll(jobs.Select(job => Task.Run(() => EnqueueIfIdleAsync(job))));

        var added = Assert.Single(Enumerable.Range(0, 20), i => results[i] == EnqueueResult.Added);
        Assert.Equal(19, results.Count(result => result == EnqueueResult.Busy));
        Assert.Equal(jobs[added], Assert.Single(await fixture.DrainAsync()));
    }

    [Fact]
    public async Task A_delay_that_is_ended_early_gives_its_job_at_once()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs);
        await Queue.ReleaseAsync(await fixture.TakeOneAsync(), TimeSpan.FromSeconds(20), None);
        var receive = Queue.ReceiveAsync(10, None);
        await AssertWaitsAsync(receive);

        Assert.True(await Queue.HastenAsync(jobs[0].Conversation, None));
        var lease = Assert.Single(await Soon(receive));
        Assert.Equal(jobs[0], lease.Job);

        // The delay that was, ends nothing of the lease that is.
        await fixture.PassAsync(TimeSpan.FromSeconds(21));
        Assert.True(await Queue.ExtendAsync(lease, None));
        Assert.Empty(await fixture.TakeAsync());
    }

    [Fact]
    public async Task A_lease_and_a_job_that_waits_for_no_delay_are_not_hastened()
    {
        var jobs = Samples.Jobs(2);
        Assert.False(await Queue.HastenAsync(jobs[0].Conversation, None));
        await fixture.EnqueueAsync(jobs);
        Assert.False(await Queue.HastenAsync(jobs[0].Conversation, None));
        var lease = await fixture.TakeOneAsync();
        Assert.False(await Queue.HastenAsync(jobs[0].Conversation, None));

        Assert.Empty(await fixture.TakeAsync());
        await Queue.ReleaseAsync(lease, TimeSpan.FromSeconds(20), None);
        Assert.False(await Queue.HastenAsync(jobs[0].Conversation with { Owner = "another" }, None));
        Assert.Empty(await fixture.TakeAsync());
    }

    private Task<EnqueueResult> EnqueueIfIdleAsync(JobMessage job) => Queue.EnqueueAsync(job, EnqueueCondition.ConversationIdle, None);
}
