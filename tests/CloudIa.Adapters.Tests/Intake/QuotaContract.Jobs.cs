using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CsCheck;

namespace CloudIa.Adapters.Tests.Intake;

/// <summary>Jobs in flight.</summary>
public abstract partial class QuotaContract
{
    private const int Jobs = 20;

    [Fact]
    public async Task Of_100_reservations_at_once_exactly_the_limit_is_admitted()
    {
        var quota = Open(jobsInFlight: Jobs);
        var decisions = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () => await quota.ReserveAsync(Job(), None))));

        Assert.Equal(Jobs, decisions.Count(decision => decision.Admitted));
        Assert.All(decisions.Where(decision => !decision.Admitted), refused => Assert.Equal((QuotaRefusal.Jobs, QuotaOptions.PlaceRetryAfter), (refused.Refusal, refused.RetryAfter)));
    }

    [Fact]
    public async Task Never_are_more_in_flight_than_the_limit_while_many_come_and_go_and_none_is_lost()
    {
        var quota = Open(requestsPerMinute: 100_000_000, jobsInFlight: Jobs);
        var (inFlight, most, admitted) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var held = new Queue<JobKey>();
            for (var i = 0; i < Often; i++)
            {
                var job = Job();
                if ((await quota.ReserveAsync(job, None)).Admitted)
                {
                    Interlocked.Increment(ref admitted);
                    InterlockedMax(ref most, Interlocked.Increment(ref inFlight));
                    held.Enqueue(job);
                }

                while (held.Count > 3 || (i == Often - 1 && held.Count > 0))
                {
                    // Said to be gone before it is, so that what is counted here is never too much.
                    Interlocked.Decrement(ref inFlight);
                    await (held.Count % 2 == 0 ? quota.SettleAsync(held.Dequeue()) : quota.ReleaseAsync(held.Dequeue()));
                }
            }
        })));

        Assert.InRange(most, 1, Jobs);
        Assert.InRange(admitted, Jobs, 8 * Often);
        await FillAsync(quota, Jobs);
    }

    [Fact]
    public async Task A_job_that_is_posted_again_is_admitted_at_the_limit_and_counted_once()
    {
        var quota = Open(jobsInFlight: 3);
        var jobs = await FillAsync(quota, 3);
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await quota.ReserveAsync(jobs[1], None)).Admitted);
            await quota.ReleaseAsync(jobs[1]);
        }

        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Job(), None)).Refusal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_place_is_free_once_it_was_given_back_or_settled_and_only_once(bool settled)
    {
        var quota = Open(jobsInFlight: 3);
        var jobs = await FillAsync(quota, 3);
        for (var i = 0; i < 3; i++)
        {
            await (settled ? quota.SettleAsync(jobs[0]) : quota.ReleaseAsync(jobs[0]));
        }

        await FillAsync(quota, 1);
    }

    [Fact]
    public async Task Of_two_posts_of_one_job_the_one_that_added_nothing_leaves_the_others_place()
    {
        var quota = Open(jobsInFlight: 1);
        var job = Job();
        Assert.True((await quota.ReserveAsync(job, None)).Admitted);
        Assert.True((await quota.ReserveAsync(job, None)).Admitted);
        await quota.ReleaseAsync(job);

        Assert.False((await quota.ReserveAsync(Job(), None)).Admitted);
        await quota.ReleaseAsync(job);
        await FillAsync(quota, 1);
    }

    [Fact]
    public async Task A_job_that_left_the_queue_has_no_place_however_many_posts_hold_it()
    {
        var quota = Open(jobsInFlight: 1);
        var job = Job();
        await quota.ReserveAsync(job, None);
        await quota.ReserveAsync(job, None);
        await quota.SettleAsync(job);
        var next = await FillAsync(quota, 1);

        // What comes late takes nobody else's.
        await quota.ReleaseAsync(job);
        await quota.SettleAsync(job);
        Assert.False((await quota.ReserveAsync(Job(), None)).Admitted);
        await quota.SettleAsync(next[0]);
        await FillAsync(quota, 1);
    }

    [Fact]
    public async Task A_dead_letter_that_is_put_back_is_held_beyond_the_limit_and_counts()
    {
        var quota = Open(jobsInFlight: 2);
        var jobs = await FillAsync(quota, 2);
        var (redriven, another) = (Job(), Job());
        await quota.HoldAsync(redriven);
        await quota.HoldAsync(another);
        await quota.ReleaseAsync(another);
        await quota.SettleAsync(jobs[0]);

        Assert.False((await quota.ReserveAsync(Job(), None)).Admitted);
        await quota.SettleAsync(redriven);
        await FillAsync(quota, 1);
    }

    [Fact]
    public async Task What_is_refused_for_its_job_is_a_request_and_what_is_refused_as_a_request_holds_no_place()
    {
        var quota = Open(requestsPerMinute: 3, jobsInFlight: 1);
        var job = Job();
        Assert.True((await quota.ReserveAsync(job, None)).Admitted);
        var refused = await quota.ReserveAsync(Job(), None);
        Assert.Equal((QuotaRefusal.Jobs, 3, 1), (refused.Refusal, refused.Limit, refused.Remaining));
        Assert.True((await quota.AdmitAsync(owner, None)).Admitted);
        await quota.SettleAsync(job);

        Assert.Equal(QuotaRefusal.Requests, (await quota.ReserveAsync(Job(), None)).Refusal);
        await PassAsync(TimeSpan.FromSeconds(21));
        Assert.True((await quota.ReserveAsync(Job(), None)).Admitted);
    }

    [Fact]
    public async Task One_owner_holds_no_place_of_anothers_not_even_by_a_job_of_the_same_name()
    {
        var quota = Open(jobsInFlight: 1);
        var job = Assert.Single(await FillAsync(quota, 1));
        var others = job with { Owner = Samples.Owner() };

        Assert.True((await quota.ReserveAsync(others, None)).Admitted);
        await quota.SettleAsync(others);
        Assert.False((await quota.ReserveAsync(Job(), None)).Admitted);
    }

    [Fact]
    public Task Whatever_is_asked_in_whatever_order_the_places_are_those_of_the_contract() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4]).Array[0, 60].SampleAsync(async calls =>
        {
            // How many hold each job; a limit of 2.
            var holds = new int[5];
            var quota = Open(jobsInFlight: 2);
            var someone = Samples.Owner();
            foreach (var (call, name) in calls)
            {
                var job = new JobKey(someone, new string((char)('a' + name), 32));
                switch (call)
                {
                    case 0:
                        var place = holds[name] > 0 || holds.Count(held => held > 0) < 2;
                        Assert.Equal(place, (await quota.ReserveAsync(job, None)).Admitted);
                        holds[name] += place ? 1 : 0;
                        break;
                    case 1:
                        await quota.HoldAsync(job);
                        holds[name]++;
                        break;
                    case 2:
                        await quota.ReleaseAsync(job);
                        holds[name] = Math.Max(0, holds[name] - 1);
                        break;
                    default:
                        await quota.SettleAsync(job);
                        holds[name] = 0;
                        break;
                }
            }
        }, iter: Often / 10, threads: 1);

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }

    private JobKey Job() => new(owner, Guid.NewGuid().ToString("N"));

    /// <summary>Reserves what is left, which is so many.</summary>
    private async Task<JobKey[]> FillAsync(IQuota quota, int places)
    {
        var jobs = Enumerable.Range(0, places).Select(_ => Job()).ToArray();
        foreach (var job in jobs)
        {
            Assert.True((await quota.ReserveAsync(job, None)).Admitted);
        }

        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Job(), None)).Refusal);
        return jobs;
    }
}
