using CloudIa.Core.Queue;

namespace CloudIa.Core.Work;

/// <summary>Keeps a lease while its job is worked on, and says when it was lost.</summary>
internal sealed class Heartbeat : IAsyncDisposable
{
    private readonly IJobQueue queue;
    private readonly JobLease lease;
    private readonly CancellationTokenSource ended = new();
    private readonly CancellationTokenSource lost;
    private readonly Task beating;

    public Heartbeat(IJobQueue queue, JobLease lease, TimeSpan every, TimeProvider time, CancellationToken drained)
    {
        this.queue = queue;
        this.lease = lease;
        lost = CancellationTokenSource.CreateLinkedTokenSource(drained);
        beating = BeatAsync(every, time);
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

    private async Task BeatAsync(TimeSpan every, TimeProvider time)
    {
        try
        {
            while (true)
            {
                await Task.Delay(every, time, ended.Token);
                if (!await queue.ExtendAsync(lease, ended.Token))
                {
                    await lost.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The work ended first.
        }
        catch (QueueUnavailableException)
        {
            // Unsure is lost: the fence of step 4 refuses what comes too late, and less work is done twice.
            await lost.CancelAsync();
        }
    }
}
