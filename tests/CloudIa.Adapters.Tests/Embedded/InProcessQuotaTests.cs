using CloudIa.Adapters.Tests.Intake;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Intake;
using CloudIa.Embedded.Queue;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class InProcessQuotaTests : QuotaContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly FakeTimeProvider time = new();
    private readonly EmbeddedFolder folder = new();

    protected override IQuota Open(int requestsPerMinute = 1_000_000, int jobsInFlight = 1_000_000) => Open(Queue(), requestsPerMinute, jobsInFlight);

    protected override Task PassAsync(TimeSpan time)
    {
        this.time.Advance(time);
        return Task.CompletedTask;
    }

    protected override ValueTask CloseAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Forgetting_owners_who_are_away_gives_nobody_a_second_bucket()
    {
        var quota = Open(10);
        for (var round = 0; round < 500; round++)
        {
            // So long that whoever comes first sweeps, while the others have the bucket in their hands.
            time.Advance(TimeSpan.FromMinutes(2));
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var admitted = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                await start.Task;
                var count = 0;
                for (var i = 0; i < 10; i++)
                {
                    count += (await quota.AdmitAsync("owner", None)).Admitted ? 1 : 0;
                }

                return count;
            })).ToList();
            start.SetResult();

            Assert.Equal(10, (await Task.WhenAll(admitted)).Sum());
        }
    }

    [Fact]
    public async Task An_owner_who_has_just_spent_all_is_not_forgotten()
    {
        var quota = Open(10);
        time.Advance(TimeSpan.FromSeconds(59));
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await quota.AdmitAsync("owner", None)).Admitted);
        }

        // Somebody else's request is the one that sweeps.
        time.Advance(TimeSpan.FromSeconds(1));
        await quota.AdmitAsync("another", None);
        Assert.False((await quota.AdmitAsync("owner", None)).Admitted);
    }

    [Fact]
    public async Task An_owner_whose_jobs_wait_is_not_forgotten_however_long_they_wait()
    {
        var quota = Open(jobsInFlight: 2);
        var (first, second) = (Samples.Job(), Samples.Job());
        await quota.ReserveAsync(first.Key, None);
        await quota.ReserveAsync(second.Key, None);
        for (var hour = 0; hour < 3; hour++)
        {
            time.Advance(TimeSpan.FromHours(1));
            await quota.AdmitAsync("another", None);
        }

        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Samples.Job().Key, None)).Refusal);
        await quota.SettleAsync(first.Key);
        Assert.True((await quota.ReserveAsync(Samples.Job().Key, None)).Admitted);
    }

    [Fact]
    public async Task What_is_in_the_queue_when_the_process_starts_has_its_place_and_what_has_left_has_none()
    {
        var queue = Queue();
        var (done, dead, waits, conversation) = (Samples.Job(), Samples.Job(), Samples.Job(), Samples.Conversation());
        foreach (var job in new[] { done, dead, waits, Samples.Job(conversation), Samples.Job(conversation), Samples.Job(owner: "another") })
        {
            await queue.EnqueueAsync(job, EnqueueCondition.None, None);
        }

        var leases = await queue.ReceiveAsync(10, None);
        await queue.CompleteAsync(leases.Single(lease => lease.Job.JobId == done.JobId), None);
        await queue.DeadLetterAsync(leases.Single(lease => lease.Job.JobId == dead.JobId), "reason", None);
        folder.Reopen();

        var quota = Open(jobsInFlight: 4);
        Assert.True((await quota.ReserveAsync(waits.Key, None)).Admitted);
        Assert.True((await quota.ReserveAsync(done.Key, None)).Admitted);
        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(dead.Key, None)).Refusal);
    }

    [Fact]
    public async Task A_message_that_cannot_be_read_has_a_place_until_it_is_dead()
    {
        var before = Queue();
        var (poison, sound) = (Samples.Job(), Samples.Job());
        await before.EnqueueAsync(poison, EnqueueCondition.None, None);
        await before.EnqueueAsync(sound, EnqueueCondition.None, None);
        folder.Execute("UPDATE jobs SET body = $1 WHERE job_id = $2", "{"u8.ToArray(), poison.JobId);
        folder.Reopen();
        var queue = Queue();
        var quota = Open(queue, 1_000_000, 2);
        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Samples.Job().Key, None)).Refusal);

        await quota.SettleAsync((await queue.ReceiveAsync(10, None)).Single(lease => lease.Job.Unreadable).Job.Key);
        Assert.True((await quota.ReserveAsync(Samples.Job().Key, None)).Admitted);
        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Samples.Job().Key, None)).Refusal);
    }

    [Fact]
    public async Task Thousands_of_jobs_of_one_owner_come_and_go_where_that_many_are_allowed()
    {
        const int Many = 5000;
        var quota = Open(jobsInFlight: Many);
        var jobs = Samples.Jobs(Many).Select(job => job.Key).ToArray();
        for (var round = 0; round < 2; round++)
        {
            foreach (var job in jobs)
            {
                Assert.True((await quota.ReserveAsync(job, None)).Admitted);
            }

            Assert.False((await quota.ReserveAsync(Samples.Job().Key, None)).Admitted);
            Assert.True((await quota.ReserveAsync(jobs[Many / 2], None)).Admitted);
            foreach (var job in jobs)
            {
                await quota.SettleAsync(job);
            }
        }
    }

    private SqliteJobQueue Queue() => new(folder.Database, new QueueOptions(), time);

    private InProcessQuota Open(SqliteJobQueue queue, int requestsPerMinute, int jobsInFlight) =>
        new(new QuotaOptions { RequestsPerMinute = requestsPerMinute, JobsInFlight = jobsInFlight }, queue, time);
}
