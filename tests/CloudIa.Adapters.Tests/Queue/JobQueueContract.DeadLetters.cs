using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>This part: dead letters.</summary>
public abstract partial class JobQueueContract
{
    [Fact]
    public async Task A_dead_letter_leaves_the_queue_and_frees_its_conversation()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs);
        var lease = await fixture.TakeOneAsync();
        Assert.True(await Queue.DeadLetterAsync(lease, "model_refused", None));

        var letter = Assert.Single(await Queue.ListDeadLettersAsync(null, 10, None));
        Assert.Equal((jobs[0], "model_refused"), (letter.Job, letter.Reason));
        Assert.Equal(jobs[1], (await fixture.TakeOneAsync()).Job);
        var depth = await Queue.MeasureAsync(None);
        Assert.Equal((1, 1), (depth.Waiting, depth.DeadLetters));
        Assert.False(await Queue.CompleteAsync(lease, None));
    }

    [Fact]
    public async Task Dead_letters_are_listed_oldest_first_and_page_by_page()
    {
        var jobs = new List<JobMessage>();
        for (var i = 0; i < 5; i++)
        {
            jobs.Add(Samples.Job(message: $"{i}"));
            await BuryAsync(jobs[i]);
        }

        var listed = new List<DeadLetter>();
        string? after = null;
        while (await Queue.ListDeadLettersAsync(after, 2, None) is { Count: > 0 } page)
        {
            Assert.InRange(page.Count, 1, 2);
            listed.AddRange(page);
            after = page[^1].Id;
        }

        Assert.Equal(jobs, listed.Select(letter => letter.Job));
        Assert.Equal(5, listed.Select(letter => letter.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_redriven_letter_is_in_the_queue_and_no_dead_letter()
    {
        var job = Samples.Job(message: Samples.Unicode);
        var id = await BuryAsync(job);
        await fixture.PassAsync(TimeSpan.FromHours(3));
        Assert.Equal(RedriveResult.Redriven, await Queue.RedriveAsync(id, None));

        Assert.Empty(await Queue.ListDeadLettersAsync(null, 10, None));
        Assert.Null(await Queue.FindDeadLetterAsync(id, None));
        AssertRedriven(job, 1, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_redrive_counts_those_before_it_and_its_wait_begins_when_it_was_done()
    {
        var job = Samples.Job();
        for (var redrives = 1; redrives <= 3; redrives++)
        {
            await fixture.PassAsync(TimeSpan.FromHours(1));
            var id = redrives == 1 ? await BuryAsync(job) : Assert.Single(await Queue.ListDeadLettersAsync(null, 10, None)).Id;
            Assert.Equal(RedriveResult.Redriven, await Queue.RedriveAsync(id, None));
            if (fixture.TellsAge)
            {
                Assert.Equal(fixture.Now, (await Queue.MeasureAsync(None)).OldestEnqueuedAt!.Value, TimeSpan.FromMinutes(1));
            }

            var lease = await fixture.TakeOneAsync();
            AssertRedriven(job, redrives, lease.Job);
            Assert.True(await Queue.DeadLetterAsync(lease, "attempts_exhausted", None));
        }
    }

    [Fact]
    public async Task A_redriven_job_comes_behind_what_its_conversation_has_in_the_queue()
    {
        var jobs = Samples.Jobs(3);
        var id = await BuryAsync(jobs[0]);
        await fixture.EnqueueAsync(jobs[1..]);
        await Queue.RedriveAsync(id, None);

        Assert.Equal(["1", "2", "0"], (await fixture.DrainAsync()).Select(job => job.Message));
    }

    [Fact]
    public async Task A_redriven_job_survives_its_process_and_ends_with_it_no_sooner_than_its_end()
    {
        var job = Samples.Job();
        await Queue.RedriveAsync(await BuryAsync(job), None);
        await fixture.ReopenAsync();
        await fixture.PassAsync(BeyondLease);

        var lease = await fixture.TakeOneAsync();
        AssertRedriven(job, 1, lease.Job);
        Assert.Empty(await Queue.ListDeadLettersAsync(null, 10, None));
        Assert.True(await Queue.CompleteAsync(lease, None));
        await fixture.ReopenAsync();
        await fixture.PassAsync(BeyondLease);
        Assert.Empty(await fixture.TakeAsync());
    }

    [Fact]
    public async Task A_redrive_of_a_job_that_is_in_the_queue_already_adds_nothing_and_takes_the_letter()
    {
        var job = Samples.Job();
        var id = await BuryAsync(job);
        await fixture.EnqueueAsync(job);
        Assert.Equal(RedriveResult.Redriven, await Queue.RedriveAsync(id, None));

        Assert.Empty(await Queue.ListDeadLettersAsync(null, 10, None));
        Assert.Equal(job.JobId, Assert.Single(await fixture.DrainAsync()).JobId);
    }

    [Fact]
    public async Task A_letter_is_found_by_its_id()
    {
        var job = Samples.Job(message: Samples.Unicode);
        await BuryAsync(Samples.Job());
        var id = await BuryAsync(job);

        var letter = (await Queue.FindDeadLetterAsync(id, None))!;
        Assert.Equal((id, job, "attempts_exhausted", true), (letter.Id, letter.Job, letter.Reason, letter.Body.IsEmpty));
        Assert.Equal(fixture.Now, letter.DeadAt, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_letter_that_is_gone_is_still_a_place_to_list_from()
    {
        var first = await BuryAsync(Samples.Job());
        var second = await BuryAsync(Samples.Job());
        await Queue.DiscardAsync(first, None);

        Assert.Equal(second, Assert.Single(await Queue.ListDeadLettersAsync(first, 10, None)).Id);
    }

    [Fact]
    public async Task A_second_redrive_of_a_letter_does_nothing()
    {
        var id = await BuryAsync(Samples.Job());

        var both = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => Queue.RedriveAsync(id, None))));
        Assert.Single(both, driven => driven == RedriveResult.Redriven);
        Assert.Equal(9, both.Count(driven => driven == RedriveResult.NotFound));
        Assert.Equal(RedriveResult.NotFound, await Queue.RedriveAsync(id, None));

        await Queue.CompleteAsync(await fixture.TakeOneAsync(), None);
        Assert.Empty(await fixture.TakeAsync());
    }

    [Fact]
    public async Task A_redrive_wakes_a_receive_that_waits()
    {
        var job = Samples.Job();
        var id = await BuryAsync(job);
        var receive = Queue.ReceiveAsync(10, None);
        await Queue.RedriveAsync(id, None);

        AssertRedriven(job, 1, Assert.Single(await Soon(receive)).Job);
    }

    [Fact]
    public async Task A_discarded_letter_is_gone()
    {
        var kept = Samples.Job(message: "kept");
        var id = await BuryAsync(Samples.Job());
        await BuryAsync(kept);
        Assert.True(await Queue.DiscardAsync(id, None));

        Assert.Equal(kept, Assert.Single(await Queue.ListDeadLettersAsync(null, 10, None)).Job);
        Assert.False(await Queue.DiscardAsync(id, None));
        Assert.Equal(RedriveResult.NotFound, await Queue.RedriveAsync(id, None));
        Assert.Empty(await fixture.TakeAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("no such letter")]
    [InlineData("-1")]
    [InlineData("99999999999999999999999999")]
    public async Task An_id_that_no_letter_has_is_said_so(string id)
    {
        await BuryAsync(Samples.Job());

        Assert.Equal(RedriveResult.NotFound, await Queue.RedriveAsync(id, None));
        Assert.False(await Queue.DiscardAsync(id, None));
        Assert.Null(await Queue.FindDeadLetterAsync(id, None));
        Assert.Single(await Queue.ListDeadLettersAsync(null, 10, None));
    }

    [Fact]
    public async Task The_next_process_finds_the_dead_letters()
    {
        var job = Samples.Job();
        await BuryAsync(job);
        await fixture.ReopenAsync();

        Assert.Equal(job, Assert.Single(await Queue.ListDeadLettersAsync(null, 10, None)).Job);
        Assert.Empty(await fixture.TakeAsync());
    }

    private void AssertRedriven(JobMessage job, int redrives, JobMessage driven)
    {
        Assert.Equal(job with { Redrives = redrives, RedrivenAt = driven.RedrivenAt }, driven);
        Assert.Equal(fixture.Now, driven.RedrivenAt!.Value, TimeSpan.FromMinutes(1));
    }

    private async Task<string> BuryAsync(JobMessage job)
    {
        await Queue.EnqueueAsync(job, None);
        Assert.True(await Queue.DeadLetterAsync(await fixture.TakeOneAsync(), "attempts_exhausted", None));
        string? last = null;
        while (await Queue.ListDeadLettersAsync(last, 100, None) is { Count: > 0 } page)
        {
            last = page[^1].Id;
        }

        return last!;
    }
}
