using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;

namespace CloudIa.Tests.Core;

public sealed class DeadLetterDeskTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new();
    private readonly CountedPlaces places = new();
    private readonly DeadLetterDesk desk;

    public DeadLetterDeskTests() => desk = new DeadLetterDesk(shop.Queue, places, shop.Time);

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_redriven_job_has_its_place_and_one_that_was_not_redriven_has_none()
    {
        var letter = (await BuryAsync(1))[0];
        Assert.Equal(RedriveResult.Redriven, await desk.RedriveAsync(letter, None));
        Assert.Equal([letter.Job.Key], places.Held);

        // Redriven again by somebody who has an old list.
        Assert.Equal(RedriveResult.NotFound, await desk.RedriveAsync(letter, None));
        Assert.Equal([letter.Job.Key], places.Held);
    }

    [Theory]
    [InlineData(1000, 1)]
    [InlineData(120, 1)]
    [InlineData(50, 3)]
    [InlineData(7, 18)]
    public async Task A_sweep_redrives_all_in_their_order_batch_by_batch(int limit, int calls)
    {
        var letters = await BuryAsync(120);
        var batches = await SweepAsync(sweep => desk.RedriveAsync(sweep, limit, None));

        // A full batch does not know yet that nothing is behind it.
        Assert.InRange(batches.Count, calls, calls + 1);
        Assert.Equal(120, batches.Sum(batch => batch.Done));
        Assert.Equal(letters.Select(letter => letter.Job.Message), (await TakeAllAsync()).Select(job => job.Message));
        Assert.Equal(0, await shop.DeadLettersAsync());
    }

    [Fact]
    public async Task What_dies_again_while_a_sweep_goes_on_is_not_swept_again()
    {
        await BuryAsync(10);
        var batches = await SweepAsync(async sweep =>
        {
            var batch = await desk.RedriveAsync(sweep, 3, None);
            shop.Time.Advance(TimeSpan.FromMilliseconds(1));
            foreach (var lease in await shop.Queue.ReceiveAsync(10, None))
            {
                await shop.Queue.DeadLetterAsync(lease, "again", None);
            }

            return batch;
        });

        Assert.Equal(10, batches.Sum(batch => batch.Done));
        Assert.Equal(10, await shop.DeadLettersAsync());
        Assert.All(await shop.Queue.ListDeadLettersAsync(null, 100, None), letter => Assert.Equal(1, letter.Job.Redrives));
    }

    [Fact]
    public async Task A_cancelled_sweep_has_done_some_and_the_next_one_does_the_rest()
    {
        await BuryAsync(10);
        using var leaving = new CancellationTokenSource();
        places.OnHold = held =>
        {
            if (held == 4)
            {
                leaving.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => desk.RedriveAsync(desk.Sweep(), 100, leaving.Token));
        Assert.Equal((10, places.Held.Count), ((int)(await shop.DeadLettersAsync() + await shop.WaitingAsync()), (int)await shop.WaitingAsync()));

        var rest = await desk.RedriveAsync(desk.Sweep(), 100, None);
        Assert.Equal((10, null), ((int)await shop.WaitingAsync(), rest.Rest));
    }

    [Fact]
    public async Task A_sweep_discards_all()
    {
        await BuryAsync(60);
        var batches = await SweepAsync(sweep => desk.DiscardAsync(sweep, 25, None));

        Assert.Equal((60, 0, 0), (batches.Sum(batch => batch.Done), await shop.DeadLettersAsync(), await shop.WaitingAsync()));
    }

    private static async Task<List<LetterBatch>> SweepAsync(Func<LetterSweep, Task<LetterBatch>> step, LetterSweep? from)
    {
        var batches = new List<LetterBatch>();
        for (var sweep = from; sweep is not null; sweep = batches[^1].Rest)
        {
            batches.Add(await step(sweep));
        }

        return batches;
    }

    private Task<List<LetterBatch>> SweepAsync(Func<LetterSweep, Task<LetterBatch>> step) => SweepAsync(step, desk.Sweep());

    private async Task<IReadOnlyList<DeadLetter>> BuryAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await shop.EnqueueAsync(Workshop.Job(message: $"{i}"));
            await shop.Queue.DeadLetterAsync(Assert.Single(await shop.Queue.ReceiveAsync(1, None)), "for a test", None);
        }

        return await shop.Queue.ListDeadLettersAsync(null, count, None);
    }

    private async Task<List<JobMessage>> TakeAllAsync()
    {
        var jobs = new List<JobMessage>();
        while (await shop.WaitingAsync() > 0)
        {
            foreach (var lease in await shop.Queue.ReceiveAsync(1, None))
            {
                jobs.Add(lease.Job);
                await shop.Queue.CompleteAsync(lease, None);
            }
        }

        return jobs;
    }

    private sealed class CountedPlaces : IQuota
    {
        public List<JobKey> Held { get; } = [];

        public Action<int> OnHold { get; set; } = _ => { };

        public ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<QuotaDecision> ReserveAsync(JobKey job, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<bool> SpendAsync(string permit, TimeSpan keeps, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask SettleAsync(JobKey job) => throw new NotSupportedException();

        public ValueTask HoldAsync(JobKey job)
        {
            Held.Add(job);
            OnHold(Held.Count);
            return ValueTask.CompletedTask;
        }

        public ValueTask ReleaseAsync(JobKey job)
        {
            Held.RemoveAt(Held.LastIndexOf(job));
            return ValueTask.CompletedTask;
        }
    }
}
