using System.Collections.Concurrent;
using CloudIa.Core.Queue;

namespace CloudIa.Core.Work;

/// <summary>This part: jobs that are given back, at once or for a while.</summary>
public sealed partial class Worker
{
    private readonly ConcurrentDictionary<JobLease, Task> waiting = new(ReferenceEqualityComparer.Instance);

    private async Task ReleaseAsync(JobLease lease, TimeSpan delay)
    {
        if (!await queue.ReleaseAsync(lease, delay, CancellationToken.None) || delay <= TimeSpan.Zero)
        {
            return;
        }

        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listening = run.OnStopOfWaiting(lease.Job, () => stop.TrySetResult());
        if (listening is not null)
        {
            // Entered before it starts, because it takes itself out when it ends.
            var wait = new Task<Task>(() => WaitAsync(lease, delay, stop.Task, listening));
            waiting[lease] = wait.Unwrap();
            wait.Start(TaskScheduler.Default);
        }

        // A stop that came after the run and before the release found no delay to end.
        if (await run.IsOverAsync(lease.Job))
        {
            await queue.HastenAsync(lease.Job.Conversation, CancellationToken.None);
        }
    }

    /// <summary>Ends the delay of a job that was given back, if it is stopped meanwhile.</summary>
    private async Task WaitAsync(JobLease lease, TimeSpan delay, Task stop, IDisposable listening)
    {
        try
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(left.Token);
            if (await Task.WhenAny(stop, Task.Delay(delay, time, over.Token)) == stop)
            {
                await queue.HastenAsync(lease.Job.Conversation, CancellationToken.None);
            }

            await over.CancelAsync();
        }
        catch (QueueUnavailableException error)
        {
            LogNotSettled(error, lease.Job.JobId);
        }
        finally
        {
            listening.Dispose();
            waiting.TryRemove(lease, out _);
        }
    }
}
