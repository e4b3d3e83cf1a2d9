using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.History;

/// <summary>Jobs that wait for a provider, or that were given back: what they show, and which attempts count.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task A_postponed_attempt_does_not_count_and_its_number_is_not_given_again()
    {
        var job = Job();
        await store.BeginAsync(job, None);

        Assert.True(await store.PostponeAsync(job, 1, JobStatus.Deferred, None));
        Assert.Equal(new BeginResult.Started(1, 2) { Counted = 1 }, await store.BeginAsync(job, None));
        Assert.Equal(new BeginResult.Started(1, 3) { Counted = 2 }, await store.BeginAsync(job, None));
        Assert.True(await store.PostponeAsync(job, 3, JobStatus.Deferred, None));
        Assert.Equal(new BeginResult.Started(1, 4) { Counted = 2 }, await store.BeginAsync(job, None));
    }

    [Theory]
    [InlineData(JobStatus.Deferred)]
    [InlineData(JobStatus.Running)]
    public async Task A_postponed_job_shows_how_it_waits_until_its_next_begin(JobStatus waits)
    {
        var job = Job();
        await AcceptAsync(job);
        await store.BeginAsync(job, None);
        await store.PostponeAsync(job, 1, waits, None);
        Assert.Equal((waits, 1), await store.FindAsync(job.Key, None) is { End: null } turn ? (turn.Status, turn.Attempt) : default);

        await store.BeginAsync(job, None);
        Assert.Equal((JobStatus.Running, 2), await store.FindAsync(job.Key, None) is { End: null } again ? (again.Status, again.Attempt) : default);
    }

    [Fact]
    public async Task A_job_that_waits_for_a_provider_before_its_first_attempt_is_shown_as_deferred_and_begins_as_the_first()
    {
        var job = Job();
        await AcceptAsync(job);

        Assert.True(await store.PostponeAsync(job, 0, JobStatus.Deferred, None));
        Assert.True(await store.PostponeAsync(job, 0, JobStatus.Deferred, None));
        Assert.Equal((JobStatus.Deferred, 0, null), await store.FindAsync(job.Key, None) is { } turn ? (turn.Status, turn.Attempt, turn.Number) : default);
        Assert.Equal(JobStatus.Deferred, Assert.Single(await store.ReadPendingAsync(job.Conversation, 10, None)).Status);
        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(job, None));
        Assert.Equal(JobStatus.Running, (await store.FindAsync(job.Key, None))!.Status);
    }

    [Fact]
    public async Task A_begun_job_can_wait_without_giving_an_attempt_back()
    {
        var job = Job();
        await store.BeginAsync(job, None);

        Assert.True(await store.PostponeAsync(job, 0, JobStatus.Deferred, None));
        Assert.Equal(JobStatus.Deferred, (await store.FindAsync(job.Key, None))!.Status);
        Assert.Equal(new BeginResult.Started(1, 2), await store.BeginAsync(job, None));
    }

    [Fact]
    public async Task A_stale_attempt_an_ended_job_and_an_unknown_one_are_not_postponed()
    {
        var (job, unknown) = (Job(), Job());
        await store.BeginAsync(job, None);
        await store.BeginAsync(job, None);

        Assert.False(await store.PostponeAsync(job, 1, JobStatus.Deferred, None));
        Assert.Equal(JobStatus.Running, (await store.FindAsync(job.Key, None))!.Status);
        Assert.False(await store.PostponeAsync(unknown, 0, JobStatus.Deferred, None));
        Assert.Null(await store.FindAsync(unknown.Key, None));

        await store.FinishAsync(job.Key, 2, Samples.Answer(), None);
        Assert.False(await store.PostponeAsync(job, 2, JobStatus.Deferred, None));
        Assert.False(await store.PostponeAsync(job, 0, JobStatus.Deferred, None));
        Assert.Equal(JobStatus.Completed, (await store.FindAsync(job.Key, None))!.Status);
    }

    [Fact]
    public async Task A_postponed_job_is_stopped_as_one_that_runs()
    {
        var job = Job();
        await AcceptAsync(job);
        await store.BeginAsync(job, None);
        await store.PostponeAsync(job, 1, JobStatus.Deferred, None);

        Assert.False((await store.RequestStopAsync(job.Key, DateTimeOffset.UnixEpoch, None))!.EndedNow);
        Assert.IsType<BeginResult.StopAsked>(await store.BeginAsync(job, None));
    }

    [Fact]
    public async Task A_job_that_waits_for_a_provider_before_its_first_attempt_is_stopped_at_once()
    {
        var job = Job();
        await AcceptAsync(job);
        await store.PostponeAsync(job, 0, JobStatus.Deferred, None);

        var stopped = await store.RequestStopAsync(job.Key, DateTimeOffset.UnixEpoch, None);
        Assert.True(stopped!.EndedNow);
        Assert.Equal((JobStatus.Cancelled, 1), (stopped.Turn.Status, stopped.Turn.Number!.Value));
    }
}
