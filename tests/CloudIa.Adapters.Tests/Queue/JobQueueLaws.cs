using CloudIa.Core.Queue;
using CsCheck;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>Whatever is done to a queue, in any order, it does what the model does. For engines whose clock a test can turn.</summary>
public abstract class JobQueueLaws
{
    private static readonly CancellationToken None = CancellationToken.None;

    // No sum of these is the lease's 30 s or a delay, at whose very end either answer is right.
    private static readonly Gen<TimeSpan> Times = Seconds(7, 11, 40);

    private static readonly Gen<TimeSpan> Delays = Seconds(0, 5, 48);

    // The numbers are taken modulo what there is: a job of some conversation, a lease that was once given.
    private static readonly Gen<Step> Steps = Gen.Frequency(
        (4, Gen.Int[0, 11].Select(job => (Step)new Enqueue(job))),
        (4, Gen.Int[1, 4].Select(max => (Step)new Receive(max))),
        (4, Gen.Int[0, 999].Select(lease => (Step)new Complete(lease))),
        (2, Gen.Select(Gen.Int[0, 999], Delays).Select((lease, delay) => (Step)new Release(lease, delay))),
        (2, Gen.Int[0, 999].Select(lease => (Step)new Extend(lease))),
        (2, Gen.Int[0, 999].Select(lease => (Step)new Bury(lease))),
        (2, Gen.Int[0, 999].Select(letter => (Step)new Redrive(letter))),
        (2, Times.Select(time => (Step)new Pass(time))),
        (1, Gen.Const((Step)new Reopen())));

    /// <summary>A new, empty queue.</summary>
    protected abstract ValueTask<QueueFixture> OpenAsync();

    /// <summary>How many sequences are tried.</summary>
    protected virtual int Sequences => 100;

    /// <summary>Whether a job that was committed before may be so again at once; else each is another job.</summary>
    protected virtual bool TakesAgainAtOnce => true;

    [Fact]
    public Task Every_sequence_of_calls_keeps_order_leases_and_jobs() =>
        Steps.Array[1, 60].SampleAsync(RunAsync, iter: Sequences, threads: 1, print: steps => string.Join("; ", steps.AsEnumerable()));

    private async Task RunAsync(Step[] steps)
    {
        await using var fixture = await OpenAsync();
        var model = new QueueModel(fixture.Lease);
        var jobs = Enumerable.Range(0, 4).SelectMany(_ => Samples.Jobs(3)).ToArray();
        var leases = new List<JobLease>();
        foreach (var step in steps)
        {
            await DoAsync(step, fixture, model, jobs, leases, TakesAgainAtOnce);
            var depth = await fixture.Queue.MeasureAsync(None);
            Assert.Equal((model.Waiting, model.Letters.Count), (depth.Waiting, depth.DeadLetters));
        }

        // Nothing was lost: the letters lie there in the order of their deaths, and after everyone fell silent, all that was not completed comes, in order.
        Assert.Equal(model.Letters, (await fixture.Queue.ListDeadLettersAsync(null, 100, None)).Select(letter => letter.Job));
        await fixture.PassAsync(TimeSpan.FromMinutes(5));
        var left = (await fixture.DrainAsync()).ToLookup(job => job.ConversationId);
        Assert.All(model.All.GroupBy(job => job.ConversationId), one => Assert.Equal(one, left[one.Key]));
        Assert.Equal(model.Waiting, left.Sum(one => one.Count()));
    }

    private static Gen<TimeSpan> Seconds(params int[] choices) => Gen.Int[0, choices.Length - 1].Select(i => TimeSpan.FromSeconds(choices[i]));

    private static async Task DoAsync(Step step, QueueFixture fixture, QueueModel model, JobMessage[] jobs, List<JobLease> leases, bool takesAgain)
    {
        var queue = fixture.Queue;
        switch (step)
        {
            case Enqueue(var job):
                jobs[job] = takesAgain ? jobs[job] : jobs[job] with { JobId = Guid.NewGuid().ToString("N") };
                await queue.EnqueueAsync(jobs[job], None);
                model.Enqueue(jobs[job]);
                break;
            case Receive(var max):
                var free = model.Free;
                var taken = await fixture.TakeAsync(max);
                Assert.InRange(taken.Count, Math.Min(1, free.Count), Math.Min(max, free.Count));
                Assert.All(taken, lease => Assert.True(free.Remove(lease.Job), "a job came that is not its conversation's next"));
                leases.AddRange(taken);
                taken.ToList().ForEach(model.Leased);
                break;
            case Complete(var of) when leases.Count > 0:
                Assert.Equal(model.Complete(leases[of % leases.Count]), await queue.CompleteAsync(leases[of % leases.Count], None));
                break;
            case Release(var of, var delay) when leases.Count > 0:
                Assert.Equal(model.Release(leases[of % leases.Count], delay), await queue.ReleaseAsync(leases[of % leases.Count], delay, None));
                break;
            case Extend(var of) when leases.Count > 0:
                Assert.Equal(model.Extend(leases[of % leases.Count]), await queue.ExtendAsync(leases[of % leases.Count], None));
                break;
            case Bury(var of) when leases.Count > 0:
                Assert.Equal(model.Bury(leases[of % leases.Count]), await queue.DeadLetterAsync(leases[of % leases.Count], "for a test", None));
                break;
            case Redrive(var of) when model.Letters.Count > 0:
                var letter = (await queue.ListDeadLettersAsync(null, 100, None))[of % model.Letters.Count];
                Assert.Equal(RedriveResult.Redriven, await queue.RedriveAsync(letter.Id, None));
                model.Redrive(of % model.Letters.Count, fixture.Now);
                break;
            case Pass(var time):
                await fixture.PassAsync(time);
                model.Pass(time);
                break;
            case Reopen:
                // Leases of the dead process may end at once or run out: wait until both are the same.
                await fixture.ReopenAsync();
                await fixture.PassAsync(TimeSpan.FromMinutes(5));
                model.Pass(TimeSpan.FromMinutes(5));
                leases.Clear();
                break;
        }
    }

    private abstract record Step;

    private sealed record Enqueue(int Job) : Step;

    private sealed record Receive(int Max) : Step;

    private sealed record Complete(int Lease) : Step;

    private sealed record Release(int Lease, TimeSpan Delay) : Step;

    private sealed record Extend(int Lease) : Step;

    private sealed record Bury(int Lease) : Step;

    private sealed record Redrive(int Letter) : Step;

    private sealed record Pass(TimeSpan Time) : Step;

    private sealed record Reopen : Step;
}
