using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging;

namespace CloudIa.Core.Work;

/// <summary>Answers one job: steps 4 to 8 of a message's way. What becomes of the queue message is its outcome.</summary>
public sealed partial class JobRun(
    IConversationStore store,
    IDeliveryBus bus,
    IQuota quota,
    ModelCatalog models,
    Recall recall,
    WorkOptions options,
    TimeProvider time,
    ILogger<JobRun> logger)
{
    /// <summary>What a job that found all places taken waits, in milliseconds, from the half of it on.</summary>
    private const int FullMilliseconds = 400;

    /// <summary>Runs the job once. A cancelled token ends it without an end: the job is for another run.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancellation">The lease is lost, or the process leaves.</param>
    /// <param name="leaving">The process leaves: what that cuts short is not counted.</param>
    public async Task<Outcome> RunAsync(JobMessage job, CancellationToken cancellation, CancellationToken leaving = default)
    {
        // A job that no model would take is not begun: so it has used no attempt.
        using var route = models.RouteOf(job.Model);
        if (!job.Unreadable && route?.Enter() == false && await WaitAsync(job, route, cancellation) is { } waits)
        {
            return waits;
        }

        // Listened for before the begin looks, so that a stop is seen by the one or the other.
        using var stop = new StopListener(bus, job.Key);

        // 4. Begin
        switch (await store.BeginAsync(job, cancellation))
        {
            case BeginResult.Finished finished:
                // Its worker may have died between storing the end and announcing it.
                await bus.EndAsync(job.Key, TurnEvents.End(finished.Turn, job.SessionId, job.TraceId), cancellation);
                return After(finished.Turn.End!);
            case BeginResult.Deleted:
                return await AnnounceDeletedAsync(job, cancellation);
            case BeginResult.Another:
                LogAnother(job.JobId);
                return new Outcome.Done();
            case BeginResult.StopAsked asked:
                var shown = await bus.ReadAsync(job.Key, new Position(asked.Attempt - 1, 0), cancellation);
                return await EndAsync(job, asked.Turn, asked.Attempt, TurnEnd.Stopped(shown?.Text ?? "", time.GetUtcNow()), cancellation);
            case BeginResult.Started started when job.Unreadable:
                return await FailAsync(job, started, ErrorCode.MessageUnreadable, "its queue message cannot be read", cancellation);
            case BeginResult.Started started when started.Counted > options.MaxAttempts:
                return await FailAsync(job, started, ErrorCode.AttemptsExhausted, $"{options.MaxAttempts} attempts began and none ended", cancellation);
            case BeginResult.Started started when route is null:
                return await FailAsync(job, started, ErrorCode.ModelUnknown, "the model is no longer configured", cancellation);
            case BeginResult.Started started:
                return await AnswerAsync(job, started, route, stop, cancellation, leaving);
            default:
                throw new InvalidOperationException("A begin has five results.");
        }
    }

    /// <summary>Whether nothing is left to do for a job that a run gave back: its end was stored, or its conversation deleted.</summary>
    public async Task<bool> IsOverAsync(JobMessage job) => await store.FindAsync(job.Key, CancellationToken.None) is null or { End: not null };

    /// <summary>
    /// Calls back when a stop is asked for of a job that was given back for a while. Whoever asks ends the job; where that is
    /// another machine, only this one can end the wait. Null where it can itself. Dispose it to stop listening.
    /// </summary>
    internal IDisposable? OnStopOfWaiting(JobMessage job, Action asked) => bus.State == DeliveryState.Sure ? null : bus.OnStop(job.Key, () =>
    {
        asked();
        return false;
    });

    private async Task<Outcome> AnswerAsync(
        JobMessage job, BeginResult.Started begun, ModelRoute route, StopListener stop, CancellationToken cancellation, CancellationToken leaving)
    {
        Outcome? outcome;
        var answer = new Answering(job, begun, recall, bus, time);
        if (route.Place is null && !route.Enter())
        {
            outcome = await DeferAsync(job, begun, route.Wait() ?? Full(), cancellation);
        }
        else if (!await AnnounceStartAsync(job, begun, route.Place!.Value.Model, cancellation))
        {
            return await OvertakenAsync(job);
        }
        else if (stop.Asked.IsCancellationRequested)
        {
            outcome = null;
        }
        else
        {
            // 5. Recall, 6. Generate, 7. Deliver
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop.Asked);
            await using var lookout = new StopLookout(bus, store, job.Key, stop, time);
            outcome = await answer.RunAsync(route, either.Token) switch
            {
                // 8. Finish
                GenerationEnd.Completed completed => await EndAsync(job, begun.Turn, begun.Attempt, Completed(answer, completed), CancellationToken.None),
                _ when stop.Asked.IsCancellationRequested => null,
                GenerationEnd.Interrupted when answer.Stale => await OvertakenAsync(job),
                GenerationEnd.Interrupted => await GiveBackAsync(job, begun, leaving),
                GenerationEnd.Failed failed => await RetryOrFailAsync(job, begun, route, failed.Failure, cancellation),
                _ => throw new InvalidOperationException("A generation has three ends."),
            };
        }

        // Closed before the job is given back: from then on whoever asks for a stop ends it.
        return outcome is null || (outcome is Outcome.Again && stop.Close())
            ? await EndAsync(job, begun.Turn, begun.Attempt, TurnEnd.Stopped(answer.Text, time.GetUtcNow(), answer.Model, answer.Usage()), CancellationToken.None)
            : outcome;
    }

    private ValueTask<bool> AnnounceStartAsync(JobMessage job, BeginResult.Started begun, CatalogModel model, CancellationToken cancellation)
    {
        var head = EventHead.Of(job, time.GetUtcNow());
        var started = head.On(new MessageStarted { Turn = begun.Turn, Attempt = begun.Attempt, Model = model.Name, Version = begun.Version });
        var restarted = begun.Attempt == 1 ? null : head.On(new MessageRestarted { Attempt = begun.Attempt, Reason = "retry" });
        return bus.StartAsync(job, started, restarted, cancellation);
    }

    private async Task<Outcome> FailAsync(JobMessage job, BeginResult.Started begun, string code, string details, CancellationToken cancellation)
    {
        var end = new TurnEnd
        {
            Status = JobStatus.Failed,
            Content = "",
            EndedAt = time.GetUtcNow(),
            ErrorCode = code,
            ErrorDetails = details,
        };
        // The user's failure is written before the job moves to the dead letters.
        var outcome = await EndAsync(job, begun.Turn, begun.Attempt, end, cancellation);
        return outcome is Outcome.Done ? new Outcome.Dead(code) : outcome;
    }

    private async Task<Outcome> EndAsync(JobMessage job, int turn, int attempt, TurnEnd end, CancellationToken cancellation)
    {
        if (!await store.FinishAsync(job.Key, attempt, end, cancellation))
        {
            var stored = await store.FindAsync(job.Key, cancellation);
            if (stored is null)
            {
                // What has begun is never unknown, unless its conversation went.
                return await AnnounceDeletedAsync(job, cancellation);
            }

            LogStale(job.JobId, attempt);
            if (stored is not { End: { } overtaken })
            {
                return new Outcome.Lost();
            }

            // Paused for long, this attempt may have announced itself after the end: whoever heard it hears the end again.
            await bus.EndAsync(job.Key, TurnEvents.End(stored, job.SessionId, job.TraceId), cancellation);
            return After(overtaken);
        }

        // Before it is told: whoever waits for it may post the next at once.
        await quota.SettleAsync(job.Key);
        var ended = new Turn
        {
            JobId = job.JobId,
            ConversationId = job.ConversationId,
            Number = turn,
            Message = job.Message,
            Fingerprint = job.Fingerprint,
            AcceptedAt = job.AcceptedAt,
            Attempt = attempt,
            Status = end.Status,
            End = end,
        };
        await bus.EndAsync(job.Key, TurnEvents.End(ended, job.SessionId, job.TraceId), cancellation);
        return new Outcome.Done();
    }

    /// <summary>
    /// A newer attempt is at it, or somebody else ended the job: then its message leaves the queue at once, if the lease is
    /// still this run's, so that the next of its conversation need not wait for the lease to run out.
    /// </summary>
    private async Task<Outcome> OvertakenAsync(JobMessage job) =>
        await store.FindAsync(job.Key, CancellationToken.None) is { End: { } end } ? After(end) : new Outcome.Lost();

    /// <summary>What a message is left to whose job's end is stored. Its worker may have died between storing a failure and moving it to the dead letters.</summary>
    private static Outcome After(TurnEnd end) =>
        end is { Status: JobStatus.Failed, ErrorCode: { } failure } ? new Outcome.Dead(failure) : new Outcome.Done();

    /// <summary>Whoever deleted it told the followers; this run may have told them of an attempt after that.</summary>
    private async Task<Outcome> AnnounceDeletedAsync(JobMessage job, CancellationToken cancellation)
    {
        await bus.EndAsync(job.Key, TurnEvents.Deleted(EventHead.Of(job, time.GetUtcNow())), cancellation);
        return new Outcome.Done();
    }

    private TurnEnd Completed(Answering answer, GenerationEnd.Completed completed) => new()
    {
        Status = JobStatus.Completed,
        Content = answer.Text,
        EndedAt = time.GetUtcNow(),
        Model = answer.Model,
        Usage = completed.Usage,
        FinishReason = completed.FinishReason,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "A second message of job {JobId} had another body, whose sender was refused; it goes.")]
    private partial void LogAnother(string jobId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Attempt {Attempt} of job {JobId} is not the newest any more; its end was refused.")]
    private partial void LogStale(string jobId, int attempt);
}
