using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging;

namespace CloudIa.Core.Work;

/// <summary>A job that gets no answer now: it tries again, waits for a provider in the queue, or fails.</summary>
public sealed partial class JobRun
{
    /// <summary>What a process that leaves gives the history to note that an attempt does not count: what it holds is to be given back while there is time.</summary>
    private static readonly TimeSpan NotingAtMost = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A job whose models are all closed to calls: its owner is told, and it waits, without an attempt. Null where it is
    /// to be begun all the same, because it is over, was redriven after its end, or has waited long enough.
    /// </summary>
    private async Task<Outcome?> WaitAsync(JobMessage job, ModelRoute route, CancellationToken cancellation)
    {
        if (await store.FindAsync(job.Key, cancellation) is not { End: null })
        {
            return null;
        }

        if (route.Wait() is not { } wait)
        {
            return new Outcome.Again(Full().Until - time.GetUtcNow());
        }

        return time.GetUtcNow() < DeadlineOf(job)
            && await store.PostponeAsync(job, attempt: 0, JobStatus.Deferred, cancellation)
                ? await TellToWaitAsync(job, attempt: 0, wait, cancellation)
                : null;
    }

    /// <summary>The same for an attempt that has begun: it does not count.</summary>
    private async Task<Outcome> DeferAsync(JobMessage job, BeginResult.Started begun, RouteWait wait, CancellationToken cancellation)
    {
        if (time.GetUtcNow() >= DeadlineOf(job))
        {
            return await FailAsync(job, begun, ErrorCode.DeadlineExceeded, $"no model was available for {options.ProviderWaitSeconds} s; the last word was {wait.Code}", cancellation);
        }

        return await store.PostponeAsync(job, begun.Attempt, JobStatus.Deferred, cancellation)
            ? await TellToWaitAsync(job, begun.Attempt, wait, cancellation)
            : new Outcome.Again(TimeSpan.Zero);
    }

    /// <summary>An attempt that was cut short: whether it counts depends on who did it.</summary>
    private async Task<Outcome> GiveBackAsync(JobMessage job, BeginResult.Started begun, CancellationToken leaving)
    {
        if (leaving.IsCancellationRequested)
        {
            try
            {
                await store.PostponeAsync(job, begun.Attempt, JobStatus.Running, CancellationToken.None).WaitAsync(NotingAtMost, time, CancellationToken.None);
            }
            catch (Exception error) when (error is TimeoutException or HistoryUnavailableException)
            {
                // It may count then.
                LogNotNoted(error, job.JobId);
            }
        }

        return new Outcome.Again(TimeSpan.Zero);
    }

    private async Task<Outcome> RetryOrFailAsync(
        JobMessage job, BeginResult.Started begun, ModelRoute route, ModelFailure failure, CancellationToken cancellation)
    {
        LogAttemptFailed(job.JobId, begun.Attempt, failure.Code, failure.Details);
        var closed = route.Wait();
        if (failure.OfProvider)
        {
            var pause = TimeSpan.FromSeconds(options.RetrySeconds * (2 + (2 * Random.Shared.NextDouble())));
            var asked = new RouteWait(time.GetUtcNow() + (failure.RetryAfter > pause ? failure.RetryAfter.Value : pause), failure.Code);
            return await DeferAsync(job, begun, Behind(closed) ?? asked, cancellation);
        }

        if (!failure.Heals || begun.Counted >= options.MaxAttempts || (failure.Exhausted && closed is null))
        {
            return await FailAsync(job, begun, failure.Code, failure.Details, cancellation);
        }

        if (closed is not null)
        {
            // The attempt counts; how the job waits is shown all the same.
            await store.PostponeAsync(job, attempt: 0, JobStatus.Deferred, cancellation);
        }

        var delay = Backoff.After(begun.Counted, TimeSpan.FromSeconds(options.RetrySeconds), failure.RetryAfter, Random.Shared.NextDouble());
        return await TellToWaitAsync(job, begun.Attempt, Behind(closed) ?? new RouteWait(time.GetUtcNow() + delay, failure.Code), cancellation);
    }

    private async Task<Outcome> TellToWaitAsync(JobMessage job, int attempt, RouteWait wait, CancellationToken cancellation)
    {
        // Not beyond its deadline, at which it is told that it failed. One that has attempts left may be older.
        var (now, deadline) = (time.GetUtcNow(), DeadlineOf(job));
        var until = wait.Until < deadline || deadline <= now ? wait.Until : deadline;
        var waits = EventHead.Of(job, now).On(new ErrorEvent
        {
            Attempt = attempt,
            Code = wait.Code,
            Final = false,
            RetryAt = until > now ? until : now,
        });
        await bus.PublishAsync(job.Owner, waits, cancellation);
        return new Outcome.Again(until > now ? until - now : TimeSpan.Zero);
    }

    /// <summary>Whose call failed comes back a little after those that were not let in: one of them finds out whether the model is back.</summary>
    private RouteWait? Behind(RouteWait? closed) => closed is { } wait
        ? wait with { Until = wait.Until + TimeSpan.FromSeconds(options.RetrySeconds * (0.5 + (0.5 * Random.Shared.NextDouble()))) }
        : null;

    /// <summary>All places were taken; that is nothing to tell.</summary>
    private RouteWait Full() =>
        new(time.GetUtcNow().AddMilliseconds(FullMilliseconds * (0.5 + (0.5 * Random.Shared.NextDouble()))), ErrorCode.ModelThrottled);

    private DateTimeOffset DeadlineOf(JobMessage job) => (job.RedrivenAt ?? job.AcceptedAt).AddSeconds(options.ProviderWaitSeconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The history did not take that the attempt of job {JobId} was cut short; it may count.")]
    private partial void LogNotNoted(Exception error, string jobId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Attempt} of job {JobId} gave no answer: {Code}, {Details}.")]
    private partial void LogAttemptFailed(string jobId, int attempt, string code, string details);
}
