using System.Collections.Concurrent;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudIa.Core.Work;

/// <summary>
/// Leases jobs while it has free capacity and the models have room (step 3), and runs each under a heartbeat. Asked to stop, it takes no
/// more, gives what runs a few seconds, and releases the rest at once.
/// </summary>
public sealed partial class Worker(
    IJobQueue queue,
    IQuota quota,
    JobRun run,
    ModelCatalog models,
    WorkOptions options,
    QueueOptions queueOptions,
    TimeProvider time,
    ILogger<Worker> logger) : BackgroundService
{
    /// <summary>The pause after a failed receive, so that an engine that is away is not hammered.</summary>
    private static readonly TimeSpan EngineAway = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks at models that have no room.</summary>
    private static readonly TimeSpan RoomComesWithTime = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim capacity = new(options.Concurrency);
    private readonly CancellationTokenSource drained = new();
    private readonly CancellationTokenSource left = new();
    private readonly ConcurrentDictionary<JobLease, Task> running = new(ReferenceEqualityComparer.Instance);

    /// <summary>
    /// The host's time is for requests that do not end. A drain has limits of its own, and what it is about to give back when
    /// a busy machine is late would else stay leased.
    /// </summary>
    public override Task StopAsync(CancellationToken cancellationToken) => base.StopAsync(CancellationToken.None);

    public override void Dispose()
    {
        base.Dispose();
        drained.Dispose();
        left.Dispose();
        capacity.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Out of the host's start: the first receive may have work at once.
        await Task.Yield();
        try
        {
            while (true)
            {
                await LeaseAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await DrainAsync();
        }
    }

    private async Task LeaseAsync(CancellationToken stopping)
    {
        // 3. Lease
        await capacity.WaitAsync(stopping);
        var room = await RoomAsync(stopping);
        var free = 1;
        for (var more = Math.Min(capacity.CurrentCount, room - 1); more > 0; more--)
        {
            // Only this loop takes, so what was free is still free and no wait waits.
            await capacity.WaitAsync(stopping);
            free++;
        }

        IReadOnlyList<JobLease> leases = [];
        try
        {
            leases = await queue.ReceiveAsync(free, stopping);
        }
#pragma warning disable CA1031 // Whatever the engine throws, the worker goes on asking.
        catch (Exception error) when (error is not OperationCanceledException || !stopping.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogQueueAway(error);
            await Task.Delay(EngineAway, time, stopping);
        }
        finally
        {
            if (free > leases.Count)
            {
                capacity.Release(free - leases.Count);
            }
        }

        foreach (var lease in leases)
        {
            // Entered before it starts, because it takes itself out when it ends.
            var work = new Task<Task>(() => WorkAsync(lease));
            running[lease] = work.Unwrap();
            work.Start(TaskScheduler.Default);
        }
    }

    /// <summary>How many jobs the models would take now, from 1.</summary>
    private async Task<int> RoomAsync(CancellationToken stopping)
    {
        while (true)
        {
            var freed = models.FreedAsync();
            if (models.Room is > 0 and var room)
            {
                return room;
            }

            // Some room comes with time, which nobody tells.
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            await Task.WhenAny(freed, Task.Delay(RoomComesWithTime, time, either.Token));
            await either.CancelAsync();
            stopping.ThrowIfCancellationRequested();
        }
    }

    private async Task WorkAsync(JobLease lease)
    {
        try
        {
            Outcome outcome;
            await using (var heartbeat = new Heartbeat(queue, lease, queueOptions, time, drained.Token))
            {
                outcome = await RunAsync(lease, heartbeat);
            }

            await SettleAsync(lease, outcome);
        }
        catch (QueueUnavailableException error)
        {
            // The lease runs out and the job is delivered again; step 4 finds out what was done.
            LogNotSettled(error, lease.Job.JobId);
        }
#pragma warning disable CA1031 // The one place where exceptions of a run stop: nothing may end the worker.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogRunBroken(error, lease.Job.JobId);
        }
        finally
        {
            running.TryRemove(lease, out _);
            capacity.Release();
        }
    }

    private async Task<Outcome> RunAsync(JobLease lease, Heartbeat heartbeat)
    {
        try
        {
            return await run.RunAsync(lease.Job, heartbeat.Lost, drained.Token);
        }
        catch (OperationCanceledException) when (heartbeat.Lost.IsCancellationRequested)
        {
            return new Outcome.Again(TimeSpan.Zero);
        }
#pragma warning disable CA1031 // A run's fault is an outcome: the job comes again, and its attempts are counted.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogRunBroken(error, lease.Job.JobId);
            return new Outcome.Again(EngineAway);
        }
    }

    private Task SettleAsync(JobLease lease, Outcome outcome) => outcome switch
    {
        Outcome.Done => LeaveAsync(lease, queue.CompleteAsync(lease, CancellationToken.None)),
        Outcome.Again again => ReleaseAsync(lease, again.Delay),
        Outcome.Dead dead => LeaveAsync(lease, queue.DeadLetterAsync(lease, dead.Reason, CancellationToken.None)),
        _ => Task.CompletedTask,
    };

    private async Task LeaveAsync(JobLease lease, Task<bool> leaving)
    {
        if (await leaving)
        {
            await quota.SettleAsync(lease.Job.Key);
        }
    }

    private async Task DrainAsync()
    {
        await left.CancelAsync();
        drained.CancelAfter(TimeSpan.FromSeconds(options.DrainSeconds));
        await Task.WhenAll(running.Values);
        await Task.WhenAll(waiting.Values);
        LogDrained();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The queue gave no work; trying again.")]
    private partial void LogQueueAway(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The queue did not take the outcome of job {JobId}; it will deliver it again.")]
    private partial void LogNotSettled(Exception error, string jobId);

    [LoggerMessage(Level = LogLevel.Error, Message = "A run of job {JobId} broke.")]
    private partial void LogRunBroken(Exception error, string jobId);

    [LoggerMessage(Level = LogLevel.Information, Message = "The worker has drained.")]
    private partial void LogDrained();
}
