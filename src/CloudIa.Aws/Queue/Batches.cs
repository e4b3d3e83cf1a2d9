namespace CloudIa.Aws.Queue;

/// <summary>
/// Gathers what many callers want of the engine at once into calls of up to ten. Nobody waits for more to come: a call
/// leaves at once while few are under way, and what comes meanwhile leaves together.
/// </summary>
/// <param name="fly">Makes one call and says of each of its entries what became of it.</param>
/// <param name="size">An entry's bytes.</param>
internal sealed class Batches<T>(Func<IReadOnlyList<BatchEntry<T>>, Task> fly, Func<T, int> size)
{
    /// <summary>Entries in one call, as the engine takes them.</summary>
    private const int MaxEntries = 10;

    /// <summary>Bytes in one call: what every SQS takes, also those that do not take a MiB yet.</summary>
    private const int MaxBytes = 256 * 1024;

    /// <summary>Calls under way at once, beyond which callers share one.</summary>
    private const int MaxFlights = 4;

    private readonly Lock gate = new();
    private readonly Queue<BatchEntry<T>> waiting = new();
    private int flights;
    private Task newest = Task.CompletedTask;

    /// <summary>What the engine said. Cancelled before its call leaves, nothing was asked; afterwards it waits for the answer.</summary>
    public Task<bool> AddAsync(T value, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var entry = new BatchEntry<T>(value, cancellation);
        lock (gate)
        {
            waiting.Enqueue(entry);
            if (flights == MaxFlights)
            {
                return entry.Task;
            }

            flights++;
        }

        newest = FlyAsync();
        return entry.Task;
    }

    /// <summary>Never fails: what goes wrong is its entries' own.</summary>
    private async Task FlyAsync()
    {
        while (Next() is { Count: > 0 } batch)
        {
            try
            {
                await fly(batch);
                batch.ForEach(entry => entry.Fail(new InvalidOperationException("The engine left an entry without an answer.")));
            }
#pragma warning disable CA1031 // Whatever it was, it is each caller's.
            catch (Exception error)
#pragma warning restore CA1031
            {
                batch.ForEach(entry => entry.Fail(error));
            }
        }
    }

    /// <summary>The next call's entries; empty, and the flight over, where nobody waits.</summary>
    private List<BatchEntry<T>> Next()
    {
        lock (gate)
        {
            var batch = new List<BatchEntry<T>>();
            var bytes = 0;
            while (batch.Count < MaxEntries && waiting.TryPeek(out var entry))
            {
                bytes += size(entry.Value);
                if (bytes > MaxBytes && batch.Count > 0)
                {
                    break;
                }

                waiting.Dequeue();
                if (!entry.Leave())
                {
                    bytes -= size(entry.Value);
                    continue;
                }

                batch.Add(entry);
            }

            flights -= batch.Count == 0 ? 1 : 0;
            return batch;
        }
    }
}

/// <summary>One caller's part of a call.</summary>
internal sealed class BatchEntry<T>(T value, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<bool> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public T Value => value;

    public Task<bool> Task => done.Task;

    /// <summary>False where its caller has gone.</summary>
    public bool Leave() => !cancellation.IsCancellationRequested || !done.TrySetCanceled(cancellation);

    public void Answer(bool result) => done.TrySetResult(result);

    public void Fail(Exception error) => done.TrySetException(error);
}
