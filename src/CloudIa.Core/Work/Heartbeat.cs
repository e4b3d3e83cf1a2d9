using CloudIa.Core.Queue;

namespace CloudIa.Core.Work;

/// <summary>Keeps a lease while its job is worked on, and says when it was lost.</summary>
internal sealed class Heartbeat : IAsyncDisposable
{
    /// <summary>Between two tries to extend, while the queue is away.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private readonly IJobQueue queue;
    private readonly JobLease lease;
    private readonly QueueOptions options;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource ended = new();
    private readonly CancellationTokenSource lost;
    private readonly Task beating;

    public Heartbeat(IJobQueue queue, JobLease lease, QueueOptions options, TimeProvider time, CancellationToken drained)
    {
        this.queue = queue;
        this.lease = lease;
        this.options = options;
        this.time = time;
        lost = CancellationTokenSource.CreateLinkedTokenSource(drained);
        beating = BeatAsync();
    }

    /// <summary>Cancelled when another worker may have the job, or when this process must let go of it.</summary>
    public CancellationToken Lost => lost.Token;

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await beating;
        ended.Dispose();
        lost.Dispose();
    }

    private async Task BeatAsync()
    {
        var extended = time.GetTimestamp();
        var wait = options.Heartbeat;
        try
        {
            while (true)
            {
                await Task.Delay(wait, time, ended.Token);
                var asked = time.GetTimestamp();
                var held = await ExtendAsync();
                if (held == true)
                {
                    (extended, wait) = (asked, options.Heartbeat);
                }
                else if (held == false || time.GetElapsedTime(extended) > options.Lease - (options.Heartbeat / 2))
                {
                    // Unsure is lost, in the end: the fence of step 4 refuses what comes too late, and less work is done twice.
                    await lost.CancelAsync();
                    return;
                }
                else
                {
                    wait = Again < options.Heartbeat ? Again : options.Heartbeat;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The work ended first.
        }
    }

    /// <summary>Whether the lease was extended; null where the queue does not say.</summary>
    private async Task<bool?> ExtendAsync()
    {
        try
        {
            return await queue.ExtendAsync(lease, ended.Token);
        }
#pragma warning disable CA1031 // Whatever the engine throws, the lease has not run out yet.
        catch (Exception) when (!ended.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return null;
        }
    }
}
