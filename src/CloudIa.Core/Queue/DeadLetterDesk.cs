using CloudIa.Core.Intake;

namespace CloudIa.Core.Queue;

/// <summary>What an operator does with dead letters, one by one or all that there are.</summary>
public sealed class DeadLetterDesk(IJobQueue queue, IQuota quota, TimeProvider time)
{
    /// <summary>Letters in one read.</summary>
    private const int PageSize = 50;

    /// <summary>A sweep over all letters that are there now.</summary>
    public LetterSweep Sweep() => new(null, time.GetUtcNow());

    /// <summary>Puts a letter back into the queue. Redriven twice it is found once, and its job is answered once.</summary>
    public async Task<RedriveResult> RedriveAsync(DeadLetter letter, CancellationToken cancellation)
    {
        // Its place is held before a worker can settle it.
        await quota.HoldAsync(letter.Job.Key);
        var result = RedriveResult.NotFound;
        try
        {
            return result = await queue.RedriveAsync(letter.Id, cancellation);
        }
        finally
        {
            if (result != RedriveResult.Redriven)
            {
                await quota.ReleaseAsync(letter.Job.Key);
            }
        }
    }

    /// <summary>
    /// Redrives the next letters of a sweep, the oldest first. Cancelled, it has done some of them, each wholly; beginning
    /// again does the rest. What dies anew meanwhile is not of the sweep.
    /// </summary>
    public Task<LetterBatch> RedriveAsync(LetterSweep sweep, int limit, CancellationToken cancellation) =>
        EachAsync(
            sweep,
            limit,
            async (batch, letter) => await RedriveAsync(letter, cancellation) switch
            {
                RedriveResult.Redriven => batch with { Done = batch.Done + 1 },
                RedriveResult.Unreadable => batch with { Unreadable = batch.Unreadable + 1 },
                _ => batch,
            },
            cancellation);

    /// <summary>Throws the next letters of a sweep away; as a redrive of them otherwise.</summary>
    public Task<LetterBatch> DiscardAsync(LetterSweep sweep, int limit, CancellationToken cancellation) =>
        EachAsync(
            sweep,
            limit,
            async (batch, letter) => await queue.DiscardAsync(letter.Id, cancellation) ? batch with { Done = batch.Done + 1 } : batch,
            cancellation);

    private async Task<LetterBatch> EachAsync(
        LetterSweep sweep, int limit, Func<LetterBatch, DeadLetter, Task<LetterBatch>> act, CancellationToken cancellation)
    {
        var batch = new LetterBatch(0, 0, null);
        for (var left = limit; left > 0;)
        {
            var size = Math.Min(PageSize, left);
            var page = await queue.ListDeadLettersAsync(sweep.AfterId, size, cancellation);
            foreach (var letter in page)
            {
                if (letter.DeadAt > sweep.Until)
                {
                    return batch;
                }

                batch = await act(batch, letter);
                sweep = sweep with { AfterId = letter.Id };
            }

            if (page.Count < size)
            {
                return batch;
            }

            left -= page.Count;
        }

        return batch with { Rest = sweep };
    }
}

/// <summary>The dead letters that were there at a moment, and how far one has come with them.</summary>
/// <param name="AfterId">The last one that was seen; null: none yet.</param>
/// <param name="Until">The moment.</param>
public sealed record LetterSweep(string? AfterId, DateTimeOffset Until);

/// <summary>What became of a part of a sweep.</summary>
/// <param name="Done">Letters that were redriven, or discarded.</param>
/// <param name="Unreadable">Of a redrive: letters that stay, because they cannot be read.</param>
/// <param name="Rest">Where to go on; null where nothing is left.</param>
public sealed record LetterBatch(int Done, int Unreadable, LetterSweep? Rest);
