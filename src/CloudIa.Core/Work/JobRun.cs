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
    /// <summary>Runs the job once. A cancelled token ends it without an end: the job is for another run.</summary>
    public async Task<Outcome> RunAsync(JobMessage job, CancellationToken cancellation)
    {
        // Listened for before the begin looks, so that a stop is seen by the one or the other.
        using var stop = new StopListener(bus, job.Key);

        // 4. Begin
        switch (await store.BeginAsync(job, cancellation))
        {
            case BeginResult.Finished finished:
                // Its worker may have died between storing the end and announcing it.
                await bus.EndAsync(job.Key, TurnEvents.End(finished.Turn, job.SessionId, job.TraceId), cancellation);

                // Or between storing a failure and moving the job to the dead letters.
                return finished.Turn.End is { Status: JobStatus.Failed, ErrorCode: { } failure } ? new Outcome.Dead(failure) : new Outcome.Done();
            case BeginResult.Deleted:
                return await AnnounceDeletedAsync(job, cancellation);
            case BeginResult.StopAsked asked:
                var shown = await bus.ReadAsync(job.Key, new Position(asked.Attempt - 1, 0), cancellation);
                return await EndAsync(job, asked.Turn, asked.Attempt, TurnEnd.Stopped(shown?.Text ?? "", time.GetUtcNow()), cancellation);
            case BeginResult.Started started when job.Unreadable:
                return await FailAsync(job, started, ErrorCode.MessageUnreadable, "its queue message cannot be read", cancellation);
            case BeginResult.Started started when started.Counted > options.MaxAttempts:
                return await FailAsync(job, started, ErrorCode.AttemptsExhausted, $"{options.MaxAttempts} attempts began and none ended", cancellation);
            case BeginResult.Started started:
                return await AnswerAsync(job, started, stop, cancellation);
            default:
                throw new InvalidOperationException("A begin has four results.");
        }
    }

    /// <summary>Whether nothing is left to do for a job that a run gave back: its end was stored, or its conversation deleted.</summary>
    public async Task<bool> IsOverAsync(JobMessage job) => await store.FindAsync(job.Key, CancellationToken.None) is null or { End: not null };

    private async Task<Outcome> AnswerAsync(JobMessage job, BeginResult.Started begun, StopListener stop, CancellationToken cancellation)
    {
        // 5. Recall
        var model = job.Model is null ? models.Default : models.Find(job.Model);
        if (model is null)
        {
            return await FailAsync(job, begun, ErrorCode.ModelUnknown, "the model is no longer configured", cancellation);
        }

        var prompt = await recall.PromptAsync(job, begun, model, cancellation);
        if (!await AnnounceStartAsync(job, begun, model, cancellation))
        {
            return new Outcome.Lost();
        }

        if (stop.Asked.IsCancellationRequested)
        {
            return await EndAsync(job, begun.Turn, begun.Attempt, TurnEnd.Stopped("", time.GetUtcNow()), CancellationToken.None);
        }

        // 6. Generate, 7. Deliver
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stop.Asked);
        var generation = new Generation(model, prompt, time);
        var stale = false;
        var at = new Position(begun.Attempt, 0);
        var end = await generation.RunAsync(
            async piece =>
            {
                stale = !await bus.AppendAsync(job.Key, at, piece, either.Token);
                at = at with { Offset = at.Offset + piece.Length };
                return !stale;
            },
            either.Token);

        // 8. Finish
        Outcome? outcome = end switch
        {
            GenerationEnd.Completed completed => await EndAsync(job, begun.Turn, begun.Attempt, Completed(generation.Text, model, completed), CancellationToken.None),
            _ when stop.Asked.IsCancellationRequested => null,
            GenerationEnd.Interrupted when stale => new Outcome.Lost(),
            GenerationEnd.Interrupted => new Outcome.Again(TimeSpan.Zero),
            GenerationEnd.Failed failed => await RetryOrFailAsync(job, begun, failed.Failure, cancellation),
            _ => throw new InvalidOperationException("A generation has three ends."),
        };

        // Closed before the job is given back: from then on whoever asks for a stop ends it.
        return outcome is null || (outcome is Outcome.Again && stop.Close())
            ? await EndAsync(job, begun.Turn, begun.Attempt, TurnEnd.Stopped(generation.Text, time.GetUtcNow(), model.Name, generation.Usage()), CancellationToken.None)
            : outcome;
    }

    private ValueTask<bool> AnnounceStartAsync(JobMessage job, BeginResult.Started begun, CatalogModel model, CancellationToken cancellation)
    {
        var head = EventHead.Of(job, time.GetUtcNow());
        var started = head.On(new MessageStarted { Turn = begun.Turn, Attempt = begun.Attempt, Model = model.Name, Version = begun.Version });
        var restarted = begun.Attempt == 1 ? null : head.On(new MessageRestarted { Attempt = begun.Attempt, Reason = "retry" });
        return bus.StartAsync(job, started, restarted, cancellation);
    }

    private async Task<Outcome> RetryOrFailAsync(JobMessage job, BeginResult.Started begun, ModelFailure failure, CancellationToken cancellation)
    {
        LogAttemptFailed(job.JobId, begun.Attempt, failure.Code, failure.Details);
        if (!failure.Heals || begun.Counted >= options.MaxAttempts)
        {
            return await FailAsync(job, begun, failure.Code, failure.Details, cancellation);
        }

        var delay = Backoff.After(begun.Counted, TimeSpan.FromSeconds(options.RetrySeconds), failure.RetryAfter, Random.Shared.NextDouble());
        var now = time.GetUtcNow();
        var waits = EventHead.Of(job, now).On(new ErrorEvent
        {
            Attempt = begun.Attempt,
            Code = failure.Code,
            Final = false,
            RetryAt = now + delay,
        });
        await bus.PublishAsync(job.Owner, waits, cancellation);
        return new Outcome.Again(delay);
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
            if (stored is { End: not null } overtaken)
            {
                // Paused for long, this attempt may have announced itself after the end: whoever heard it hears the end again.
                await bus.EndAsync(job.Key, TurnEvents.End(overtaken, job.SessionId, job.TraceId), cancellation);
            }

            return new Outcome.Lost();
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

    /// <summary>Whoever deleted it told the followers; this run may have told them of an attempt after that.</summary>
    private async Task<Outcome> AnnounceDeletedAsync(JobMessage job, CancellationToken cancellation)
    {
        await bus.EndAsync(job.Key, TurnEvents.Deleted(EventHead.Of(job, time.GetUtcNow())), cancellation);
        return new Outcome.Done();
    }

    private TurnEnd Completed(string text, CatalogModel model, GenerationEnd.Completed completed) => new()
    {
        Status = JobStatus.Completed,
        Content = text,
        EndedAt = time.GetUtcNow(),
        Model = model.Name,
        Usage = completed.Usage,
        FinishReason = completed.FinishReason,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Attempt} of job {JobId} gave no answer: {Code}, {Details}.")]
    private partial void LogAttemptFailed(string jobId, int attempt, string code, string details);

    [LoggerMessage(Level = LogLevel.Information, Message = "Attempt {Attempt} of job {JobId} is not the newest any more; its end was refused.")]
    private partial void LogStale(string jobId, int attempt);
}
