using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: jobs that failed and were put back from the dead letters.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task A_redriven_failure_begins_anew_in_its_place_and_its_attempts_count_from_1()
    {
        var (job, later) = (await FailedAsync(Job(), attempts: 5), Job());
        later = later with { ConversationId = job.ConversationId };
        await AnsweredAsync(later, "later");
        var again = Redriven(job);
        Assert.Equal(new BeginResult.Started(1, 6) { Counted = 1 }, await store.BeginAsync(again, None));

        var running = (await store.FindAsync(job.Key, None))!;
        Assert.Equal((1, 6, JobStatus.Running, (TurnEnd?)null), (running.Number!.Value, running.Attempt, running.Status, running.End));
        Assert.Equal(new BeginResult.Started(1, 7) { Counted = 2 }, await store.BeginAsync(again, None));
        Assert.True(await store.FinishAsync(job.Key, 7, Samples.Answer("at last"), None));
        Assert.Equal(["later", "at last"], (await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Select(turn => turn.End!.Content));
        Assert.Equal(Samples.Answer("at last"), (await store.FindAsync(job.Key, None))!.End);
        Assert.Equal(2, (await store.FindConversationAsync(job.Conversation, None))!.Turns);
    }

    [Fact]
    public async Task A_redrive_is_taken_over_once()
    {
        var again = Redriven(await FailedAsync(Job()));
        await store.BeginAsync(again, None);
        await store.FinishAsync(again.Key, 2, Failure("again"), None);

        // Its worker died before the queue knew: the message comes once more, and so may the one from before the redrive.
        foreach (var message in new[] { again, again with { Redrives = 0, RedrivenAt = null } })
        {
            var finished = Assert.IsType<BeginResult.Finished>(await store.BeginAsync(message, None));
            Assert.Equal((2, Failure("again")), (finished.Turn.Attempt, finished.Turn.End));
        }

        Assert.Equal(new BeginResult.Started(1, 3) { Counted = 1 }, await store.BeginAsync(Redriven(again), None));
    }

    [Fact]
    public async Task A_redriven_job_that_no_begin_knew_takes_its_redrives_along()
    {
        var again = Redriven(Redriven(Job()));
        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(again, None));
        await store.FinishAsync(again.Key, 1, Failure(), None);

        Assert.IsType<BeginResult.Finished>(await store.BeginAsync(again, None));
        Assert.Equal(new BeginResult.Started(1, 2) { Counted = 1 }, await store.BeginAsync(Redriven(again), None));
    }

    [Fact]
    public async Task A_redriven_job_without_an_end_has_its_attempts_back_and_a_stop_that_was_asked_for_stays()
    {
        var (job, stopped) = (Job(), Job());
        foreach (var one in new[] { job, stopped })
        {
            await store.BeginAsync(one, None);
            await store.BeginAsync(one, None);
        }

        await store.RequestStopAsync(stopped.Key, Samples.Start, None);
        Assert.Equal(new BeginResult.Started(1, 3) { Counted = 1 }, await store.BeginAsync(Redriven(job), None));
        Assert.Equal(new BeginResult.Started(1, 4) { Counted = 2 }, await store.BeginAsync(job, None));
        Assert.Equal(new BeginResult.StopAsked(1, 3), await store.BeginAsync(Redriven(stopped), None));
    }

    [Theory]
    [InlineData(JobStatus.Completed)]
    [InlineData(JobStatus.Cancelled)]
    public async Task No_other_end_is_left_by_a_redrive(JobStatus status)
    {
        var job = Job();
        await store.BeginAsync(job, None);
        var end = Samples.Answer("kept") with { Status = status };
        await store.FinishAsync(job.Key, 1, end, None);

        var finished = Assert.IsType<BeginResult.Finished>(await store.BeginAsync(Redriven(job), None));
        Assert.Equal(end, finished.Turn.End);
        Assert.Equal(end, (await store.FindAsync(job.Key, None))!.End);
        Assert.False(await store.FinishAsync(job.Key, 2, Samples.Answer("another"), None));
    }

    [Fact]
    public async Task A_stop_that_came_before_a_failure_does_not_stop_the_redriven_job_and_a_later_one_does()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        await store.RequestStopAsync(job.Key, Samples.Start, None);
        await store.FinishAsync(job.Key, 1, Failure(), None);
        Assert.Equal(new BeginResult.Started(1, 2) { Counted = 1 }, await store.BeginAsync(Redriven(job), None));

        Assert.False((await store.RequestStopAsync(job.Key, Samples.Start, None))!.EndedNow);
        Assert.Equal(new BeginResult.StopAsked(1, 3), await store.BeginAsync(Redriven(job), None));
    }

    [Fact]
    public async Task The_attempts_before_a_redrive_are_as_stale_as_others()
    {
        var job = await FailedAsync(Job(), attempts: 2);
        await store.BeginAsync(Redriven(job), None);

        Assert.False(await store.FinishAsync(job.Key, 2, Samples.Answer("stale"), None));
        Assert.False(await store.PostponeAsync(job, 2, JobStatus.Deferred, None));
        Assert.True(await store.PostponeAsync(job, 3, JobStatus.Deferred, None));
        Assert.Equal(new BeginResult.Started(1, 4) { Counted = 1 }, await store.BeginAsync(Redriven(job), None));
        Assert.True(await store.FinishAsync(job.Key, 4, Samples.Answer(), None));
    }

    [Fact]
    public async Task Of_many_that_begin_a_redriven_job_at_once_each_has_an_attempt_of_its_own()
    {
        var again = Redriven(await FailedAsync(Job(), attempts: 3));
        var begun = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => store.BeginAsync(again, None))));

        Assert.Equal(
            Enumerable.Range(4, 10).Select(attempt => (attempt, attempt - 3)),
            begun.Cast<BeginResult.Started>().Select(started => (started.Attempt, started.Counted)).Order());
    }

    [Fact]
    public async Task The_words_of_a_redriven_turn_are_found_once_and_those_of_its_answer_too()
    {
        var job = await FailedAsync(Job(message: "question"));
        Assert.Equal([job.ConversationId], await SearchAsync("question"));
        for (var redrives = 1; redrives <= 2; redrives++)
        {
            await store.BeginAsync(job with { Redrives = redrives }, None);
            await store.FinishAsync(job.Key, redrives + 1, redrives == 1 ? Failure() : Samples.Answer("apples"), None);
        }

        Assert.Equal([job.ConversationId], await SearchAsync("question apples"));
        await store.DeleteAsync(job.Conversation, Samples.Start, None);

        // Nor is what comes after it taken for it.
        await AnsweredAsync(Job(message: "another"), "pears");
        Assert.Empty(await SearchAsync("question"));
        Assert.Empty(await SearchAsync("apples"));
    }

    [Fact]
    public async Task A_redriven_regeneration_is_the_current_answer_again_while_it_runs_and_hands_the_place_back_if_it_fails()
    {
        var job = await AnsweredAsync(Job(message: "q"), "a1");
        var again = Regeneration(job, 1);
        await store.BeginAsync(again, None);
        await store.FinishAsync(again.Key, 1, Failure(), None);
        Assert.Equal(1, (await store.ReadTurnsAsync(job.Conversation, null, 10, None))[0].Version);

        Assert.Equal(new BeginResult.Started(1, 2, 2) { Counted = 1 }, await store.BeginAsync(Redriven(again), None));
        Assert.Equal((2, JobStatus.Running), Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)) is var current ? (current.Version, current.Status) : default);
        await store.FinishAsync(again.Key, 2, Failure(), None);
        Assert.Equal("a1", Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).End!.Content);

        Assert.Equal(new BeginResult.Started(1, 3, 2) { Counted = 1 }, await store.BeginAsync(Redriven(Redriven(again)), None));
        await store.FinishAsync(again.Key, 3, Samples.Answer("better"), None);
        Assert.Equal("better", Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).End!.Content);
        Assert.Equal([("a1", 1, 2), ("better", 2, 2)], await VersionsAsync(job.Conversation, 1));
    }

    [Fact]
    public async Task A_redriven_answer_does_not_take_the_place_of_a_later_one_that_has_text()
    {
        var job = await FailedAsync(Job(message: "q"));
        await RegenerateAsync(job, Samples.Answer("better"));
        await store.BeginAsync(Redriven(job), None);
        Assert.Equal("better", Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).End!.Content);

        // Also one that is not the current one goes with its conversation, and is told of.
        Assert.Equal(job.JobId, Assert.Single((await store.DeleteAsync(job.Conversation, Samples.Start, None))!).JobId);
    }

    [Fact]
    public async Task Of_two_failed_answers_the_redriven_one_is_shown_until_it_fails_again()
    {
        var job = await FailedAsync(Job(message: "q"));
        await RegenerateAsync(job, Failure());
        Assert.Equal(2, (await store.ReadTurnsAsync(job.Conversation, null, 10, None))[0].Version);

        await store.BeginAsync(Redriven(job), None);
        Assert.Equal(1, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Version);
        await store.FinishAsync(job.Key, 2, Failure(), None);
        Assert.Equal(2, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Version);
        await store.BeginAsync(Redriven(Redriven(job)), None);
        await store.FinishAsync(job.Key, 3, Samples.Answer("at last"), None);
        Assert.Equal("at last", Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).End!.Content);
    }

    [Fact]
    public async Task A_deleted_conversation_stays_deleted_whatever_is_redriven()
    {
        var job = await FailedAsync(Job());
        await store.DeleteAsync(job.Conversation, Samples.Start, None);

        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(Redriven(job), None));
        Assert.Null(await store.FindAsync(job.Key, None));
        Assert.Null(await store.FindConversationAsync(job.Conversation, None));
    }

    [Fact]
    public async Task The_next_process_goes_on_with_a_redriven_job_where_the_last_one_died()
    {
        var again = Redriven(await FailedAsync(Job(), attempts: 4));
        store = await ReopenAsync();
        Assert.Equal(new BeginResult.Started(1, 5) { Counted = 1 }, await store.BeginAsync(again, None));
        store = await ReopenAsync();
        Assert.Equal(new BeginResult.Started(1, 6) { Counted = 2 }, await store.BeginAsync(again, None));
        await store.FinishAsync(again.Key, 6, Failure(), None);
        store = await ReopenAsync();
        Assert.IsType<BeginResult.Finished>(await store.BeginAsync(again, None));
    }

    private static JobMessage Redriven(JobMessage job) => job with { Redrives = job.Redrives + 1, RedrivenAt = Samples.Start.AddHours(1) };

    private static TurnEnd Failure(string details = "for a test") => new()
    {
        Status = JobStatus.Failed,
        Content = "",
        EndedAt = Samples.Start.AddSeconds(3),
        ErrorCode = ErrorCode.AttemptsExhausted,
        ErrorDetails = details,
    };

    private async Task<JobMessage> FailedAsync(JobMessage job, int attempts = 1)
    {
        for (var attempt = 1; attempt <= attempts; attempt++)
        {
            Assert.IsType<BeginResult.Started>(await store.BeginAsync(job, None));
        }

        Assert.True(await store.FinishAsync(job.Key, attempts, Failure(), None));
        return job;
    }
}
