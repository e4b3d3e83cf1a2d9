using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>This part: leases, their ends and their loss.</summary>
public abstract partial class JobQueueContract
{
    private TimeSpan BeyondLease => fixture.Lease + TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_completed_job_never_comes_again()
    {
        await fixture.EnqueueAsync(Samples.Job());
        Assert.True(await Queue.CompleteAsync(await fixture.TakeOneAsync(), None));

        await fixture.PassAsync(BeyondLease);
        Assert.Empty(await fixture.TakeAsync());
        Assert.Equal(0, (await Queue.MeasureAsync(None)).Waiting);
    }

    [Fact]
    public async Task A_completed_job_may_be_committed_again_after_five_minutes()
    {
        var job = Samples.Job();
        await fixture.EnqueueAsync(job);
        await fixture.DrainAsync();
        await fixture.PassAsync(TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(1));
        await fixture.EnqueueAsync(job);

        Assert.Equal(job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_job_whose_lease_ran_out_comes_again_before_the_later_ones()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs);
        var lost = await fixture.TakeOneAsync();
        await fixture.PassAsync(BeyondLease);
        var again = await fixture.TakeOneAsync();

        Assert.Equal(jobs[0], again.Job);
        Assert.NotEqual(lost.Receipt, again.Receipt);
        Assert.Empty(await fixture.TakeAsync());
    }

    [Fact]
    public async Task A_receive_that_waits_wakes_when_a_lease_runs_out()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lost = await fixture.TakeOneAsync();
        var receive = Queue.ReceiveAsync(10, None);
        await AssertWaitsAsync(receive);
        await fixture.PassAsync(BeyondLease);

        Assert.Equal(lost.Job, Assert.Single(await Soon(receive)).Job);
    }

    [Fact]
    public async Task An_extended_lease_holds_for_a_whole_lease_time_from_then()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lease = await fixture.TakeOneAsync();
        for (var i = 0; i < 3; i++)
        {
            await fixture.PassAsync(fixture.Lease * 0.7);
            Assert.True(await Queue.ExtendAsync(lease, None));
        }

        await fixture.PassAsync(fixture.Lease * 0.7);
        Assert.Empty(await fixture.TakeAsync());
        Assert.True(await Queue.CompleteAsync(lease, None));
    }

    [Fact]
    public async Task An_extended_lease_still_runs_out()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lease = await fixture.TakeOneAsync();
        await fixture.PassAsync(fixture.Lease * 0.7);
        await Queue.ExtendAsync(lease, None);
        await fixture.PassAsync(BeyondLease);

        Assert.Equal(lease.Job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_lost_lease_changes_nothing_any_more()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lost = await fixture.TakeOneAsync();
        await fixture.PassAsync(BeyondLease);
        var held = await fixture.TakeOneAsync();

        Assert.False(await Queue.ExtendAsync(lost, None));
        Assert.False(await Queue.CompleteAsync(lost, None));
        Assert.False(await Queue.ReleaseAsync(lost, TimeSpan.Zero, None));
        Assert.False(await Queue.DeadLetterAsync(lost, "late", None));
        Assert.Empty(await fixture.TakeAsync());
        Assert.Equal(0, (await Queue.MeasureAsync(None)).DeadLetters);
        Assert.True(await Queue.ExtendAsync(held, None));
        Assert.True(await Queue.CompleteAsync(held, None));
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_lost_also_where_nobody_took_the_job()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lost = await fixture.TakeOneAsync();
        await fixture.PassAsync(BeyondLease);

        Assert.False(await Queue.ExtendAsync(lost, None));
        Assert.False(await Queue.CompleteAsync(lost, None));
        Assert.Equal(lost.Job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_lease_ends_once()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lease = await fixture.TakeOneAsync();

        Assert.True(await Queue.CompleteAsync(lease, None));
        Assert.False(await Queue.CompleteAsync(lease, None));
        Assert.False(await Queue.ReleaseAsync(lease, TimeSpan.Zero, None));
        Assert.False(await Queue.ExtendAsync(lease, None));
    }

    [Fact]
    public async Task A_job_released_without_delay_comes_again_at_once_and_first()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs);
        var lease = await fixture.TakeOneAsync();
        Assert.True(await Queue.ReleaseAsync(lease, TimeSpan.Zero, None));
        var again = await fixture.TakeOneAsync();

        Assert.Equal(jobs[0], again.Job);
        Assert.False(await Queue.CompleteAsync(lease, None));
        Assert.True(await Queue.CompleteAsync(again, None));
    }

    [Fact]
    public async Task A_release_wakes_a_receive_that_waits()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var lease = await fixture.TakeOneAsync();
        var receive = Queue.ReceiveAsync(10, None);
        await Queue.ReleaseAsync(lease, TimeSpan.Zero, None);

        Assert.Equal(lease.Job, Assert.Single(await Soon(receive)).Job);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(90)]
    public async Task A_job_released_with_a_delay_comes_after_it_and_later_ones_wait_behind(int seconds)
    {
        var delay = TimeSpan.FromSeconds(seconds);
        var jobs = Samples.Jobs(2);
        var other = Samples.Job();
        await fixture.EnqueueAsync([.. jobs, other]);
        foreach (var lease in await fixture.TakeAsync())
        {
            Assert.True(lease.Job == other ? await Queue.CompleteAsync(lease, None) : await Queue.ReleaseAsync(lease, delay, None));
        }

        await fixture.PassAsync(delay - TimeSpan.FromSeconds(2));
        Assert.Empty(await fixture.TakeAsync());

        await fixture.PassAsync(TimeSpan.FromSeconds(3));
        Assert.Equal(jobs, await fixture.DrainAsync());
    }

    [Fact]
    public async Task A_receive_that_waits_wakes_when_a_delay_is_over()
    {
        await fixture.EnqueueAsync(Samples.Job());
        var receive = Queue.ReceiveAsync(10, None);
        var lease = Assert.Single(await Soon(receive));
        receive = Queue.ReceiveAsync(10, None);
        await Queue.ReleaseAsync(lease, TimeSpan.FromSeconds(4), None);
        await AssertWaitsAsync(receive);
        await fixture.PassAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(lease.Job, Assert.Single(await Soon(receive)).Job);
    }

    [Fact]
    public async Task Many_receivers_at_once_never_share_a_conversation()
    {
        var jobs = Enumerable.Range(0, 8).SelectMany(_ => Samples.Jobs(5)).ToArray();
        await fixture.EnqueueAsync(jobs);
        var held = new System.Collections.Concurrent.ConcurrentDictionary<string, string>();
        var order = new System.Collections.Concurrent.ConcurrentQueue<JobMessage>();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (order.Count < jobs.Length && await fixture.TakeAsync(3) is var leases)
            {
                Assert.All(leases, lease => Assert.True(held.TryAdd(lease.Job.ConversationId, lease.Job.JobId)));
                foreach (var lease in leases)
                {
                    order.Enqueue(lease.Job);
                    held.TryRemove(lease.Job.ConversationId, out var _);
                    Assert.True(await Queue.CompleteAsync(lease, None));
                }
            }
        })));

        foreach (var conversation in order.GroupBy(job => job.ConversationId))
        {
            Assert.Equal(jobs.Where(job => job.ConversationId == conversation.Key), conversation);
        }
    }
}
