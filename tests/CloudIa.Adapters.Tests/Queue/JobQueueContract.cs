using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>What every job queue keeps (IJobQueue). This part: order, duplicates, waiting, depth.</summary>
public abstract partial class JobQueueContract : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private QueueFixture fixture = null!;

    private IJobQueue Queue => fixture.Queue;

    public async ValueTask InitializeAsync() => fixture = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A new, empty queue.</summary>
    protected abstract ValueTask<QueueFixture> OpenAsync();

    private static Task<T> Soon<T>(Task<T> awaited) => awaited.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);

    private async Task AssertWaitsAsync(Task receive)
    {
        await fixture.WaitsAsync(receive);
        Assert.False(receive.IsCompleted);
    }

    [Fact]
    public async Task A_job_comes_out_as_it_went_in()
    {
        var job = Samples.Job(message: Samples.Unicode) with { Model = "gpt-4.1", Fingerprint = "f\"1", AcceptedAt = Samples.Start.AddTicks(1234) };
        await Queue.EnqueueAsync(job, None);

        Assert.Equal(job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task The_longest_message_that_is_accepted_fits()
    {
        // Every character of it takes its longest form in JSON.
        var job = Samples.Job(message: string.Concat(Enumerable.Repeat("\u0001é👩", 8_000)));
        await Queue.EnqueueAsync(job, None);

        Assert.Equal(job.Message, (await fixture.TakeOneAsync()).Job.Message);
    }

    [Fact]
    public async Task Jobs_of_a_conversation_come_in_the_order_of_their_commits()
    {
        var jobs = Samples.Jobs(20);
        await fixture.EnqueueAsync(jobs);

        Assert.Equal(jobs, await fixture.DrainAsync());
    }

    [Fact]
    public async Task Jobs_of_a_conversation_are_leased_one_at_a_time()
    {
        var jobs = Samples.Jobs(3);
        await fixture.EnqueueAsync(jobs);

        var first = await fixture.TakeOneAsync();
        Assert.Empty(await fixture.TakeAsync());

        await Queue.CompleteAsync(first, None);
        Assert.Equal(jobs[1], (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_job_that_arrives_while_its_conversation_is_leased_waits()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs[0]);
        var first = await fixture.TakeOneAsync();
        await fixture.EnqueueAsync(jobs[1]);

        Assert.Empty(await fixture.TakeAsync());
        await Queue.CompleteAsync(first, None);
        Assert.Equal(jobs[1], (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task Conversations_are_leased_beside_each_other()
    {
        var jobs = Enumerable.Range(0, 5).Select(_ => Samples.Job()).ToArray();
        await fixture.EnqueueAsync(jobs);

        var leases = new List<JobLease>();
        while (await fixture.TakeAsync() is { Count: > 0 } more)
        {
            leases.AddRange(more);
        }

        Assert.Equal(jobs.ToHashSet(), leases.Select(lease => lease.Job).ToHashSet());
        Assert.Equal(5, leases.Select(lease => lease.Receipt).Distinct().Count());
    }

    [Fact]
    public async Task Conversations_of_one_name_and_two_owners_do_not_wait_for_each_other()
    {
        var conversation = Samples.Conversation();
        await fixture.EnqueueAsync(Samples.Job(conversation, owner: "alice"), Samples.Job(conversation, owner: "bob"));

        var leases = new List<JobLease>();
        while (await fixture.TakeAsync() is { Count: > 0 } more)
        {
            leases.AddRange(more);
        }

        Assert.Equal(["alice", "bob"], leases.Select(lease => lease.Job.Owner).Order());
    }

    [Fact]
    public async Task A_receive_gives_no_more_than_it_was_asked_for()
    {
        await fixture.EnqueueAsync(Enumerable.Range(0, 5).Select(_ => Samples.Job()));

        Assert.InRange((await fixture.TakeAsync(2)).Count, 1, 2);
    }

    [Fact]
    public async Task A_job_that_is_in_the_queue_is_not_added_again()
    {
        var job = Samples.Job();
        await fixture.EnqueueAsync(job, job with { Message = "another" });
        var lease = await fixture.TakeOneAsync();
        await fixture.EnqueueAsync(job);

        Assert.Equal(job, lease.Job);
        await Queue.CompleteAsync(lease, None);
        Assert.Empty(await fixture.TakeAsync());
    }

    [Fact]
    public async Task A_receive_waits_for_a_job_and_wakes_when_one_is_committed()
    {
        var receive = Queue.ReceiveAsync(10, None);
        await AssertWaitsAsync(receive);
        var job = Samples.Job();
        await Queue.EnqueueAsync(job, None);

        Assert.Equal(job, Assert.Single(await Soon(receive)).Job);
    }

    [Fact]
    public async Task A_receive_waits_for_a_conversation_and_wakes_when_its_lease_ends()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs);
        var first = await fixture.TakeOneAsync();
        var receive = Queue.ReceiveAsync(10, None);
        await AssertWaitsAsync(receive);
        await Queue.CompleteAsync(first, None);

        Assert.Equal(jobs[1], Assert.Single(await Soon(receive)).Job);
    }

    [Fact]
    public async Task A_cancelled_receive_leaves_nothing_leased()
    {
        using var cancelled = new CancellationTokenSource();
        var receive = Queue.ReceiveAsync(10, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receive);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Queue.ReceiveAsync(10, cancelled.Token));

        var job = Samples.Job();
        await Queue.EnqueueAsync(job, None);
        Assert.Equal(job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_cancelled_enqueue_adds_nothing()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Queue.EnqueueAsync(Samples.Job(), new CancellationToken(true)));

        Assert.Empty(await fixture.TakeAsync());
    }

    [Fact]
    public async Task The_depth_counts_what_is_not_completed_and_says_since_when_the_oldest_waits()
    {
        Assert.Equal(new QueueDepth(0, null, 0), await Queue.MeasureAsync(None));

        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs[0]);
        var oldest = (await Queue.MeasureAsync(None)).OldestEnqueuedAt;
        await fixture.PassAsync(TimeSpan.FromSeconds(1));
        await fixture.EnqueueAsync(jobs[1]);
        var lease = await fixture.TakeOneAsync();
        Assert.Equal(new QueueDepth(2, oldest, 0), await Queue.MeasureAsync(None));
        Assert.Equal(fixture.TellsAge, oldest is not null);

        await Queue.CompleteAsync(lease, None);
        var depth = await Queue.MeasureAsync(None);
        Assert.Equal(1, depth.Waiting);
        Assert.Equal(fixture.TellsAge, depth.OldestEnqueuedAt >= oldest + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task The_next_process_finds_all_that_is_not_completed_in_its_order()
    {
        var one = Samples.Jobs(4);
        var other = Samples.Jobs(3);
        await fixture.EnqueueAsync(one);
        await fixture.EnqueueAsync(other);
        foreach (var lease in await fixture.TakeAsync())
        {
            await Queue.CompleteAsync(lease, None);
        }

        var abandoned = await fixture.TakeAsync(1);
        await fixture.ReopenAsync();
        await fixture.PassAsync(BeyondLease);
        var done = await fixture.DrainAsync();

        Assert.Single(abandoned);
        Assert.Equal(one[1..], done.Where(job => job.ConversationId == one[0].ConversationId));
        Assert.Equal(other[1..], done.Where(job => job.ConversationId == other[0].ConversationId));
    }
}
