using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging;

namespace CloudIa.Core.Intake;

/// <summary>Takes a message in: steps 1 (accept) and 2 (commit) of its way.</summary>
public sealed partial class MessageIntake(
    IJobQueue queue,
    IConversationStore store,
    IDeliveryBus bus,
    IQuota quota,
    ModelCatalog models,
    IntakeOptions options,
    TimeProvider time,
    ILogger<MessageIntake> logger)
{
    /// <summary>The longest idempotency key, in characters; what a client needs is a UUID.</summary>
    private const int MaxKeyLength = 255;

    /// <summary>Answers once the job is durable, or says why it is not taken.</summary>
    public async Task<Admission> AcceptAsync(Caller caller, PostedMessage posted, CancellationToken cancellation)
    {
        // 1. Accept
        if (Validate(posted) is { } invalid)
        {
            return invalid;
        }

        var decision = await quota.AdmitAsync(caller.Owner, cancellation);
        if (!decision.Admitted)
        {
            return new Admission.Refused(ErrorCode.RateLimited) { Quota = decision };
        }

        var job = Job(caller, posted);
        var known = await KnownAsync(job, posted, cancellation);
        if (known is null)
        {
            // 2. Commit
            known = await CommitAsync(job, cancellation);
        }

        if (known is Admission.Accepted accepted)
        {
            await bus.PublishAsync(caller.Owner, Announcement(job, accepted, posted.ClientId), cancellation);
        }

        return known with { Quota = decision };
    }

    private Admission.Refused? Validate(PostedMessage posted)
    {
        if (string.IsNullOrWhiteSpace(posted.Message))
        {
            return new Admission.Refused(ErrorCode.MessageEmpty);
        }

        if (posted.Message.Length > options.MaxMessageCharacters)
        {
            return new Admission.Refused(ErrorCode.MessageTooLong, $"{posted.Message.Length} > {options.MaxMessageCharacters}");
        }

        if (posted.Model is not null && models.Find(posted.Model) is null)
        {
            return new Admission.Refused(ErrorCode.ModelUnknown);
        }

        if (posted.IdempotencyKey is { } key && (string.IsNullOrWhiteSpace(key) || key.Length > MaxKeyLength))
        {
            return new Admission.Refused(ErrorCode.KeyInvalid);
        }

        if (posted.SystemPrompt is { } prompt)
        {
            if (posted.ConversationId is not null)
            {
                return new Admission.Refused(ErrorCode.InvalidRequest, "systemPrompt: the conversation has begun; change it there");
            }

            if (prompt.Length > options.MaxSystemPromptCharacters)
            {
                return new Admission.Refused(ErrorCode.SystemPromptTooLong, $"{prompt.Length} > {options.MaxSystemPromptCharacters}");
            }
        }

        return posted.WhenBusy is null or WhenBusy.Enqueue
            ? null
            : new Admission.Refused(ErrorCode.InvalidRequest, "whenBusy: only enqueue is served by this version");
    }

    private JobMessage Job(Caller caller, PostedMessage posted)
    {
        var now = time.GetUtcNow();
        var jobId = posted.IdempotencyKey is { } key ? Identifiers.JobOf(caller.Owner, key) : Identifiers.NewJob(now);
        return new JobMessage
        {
            JobId = jobId,
            Owner = caller.Owner,
            SessionId = caller.SessionId,
            ConversationId = posted.ConversationId ?? Identifiers.ConversationOf(new JobKey(caller.Owner, jobId)),
            Message = posted.Message!,
            Model = posted.Model,
            SystemPrompt = string.IsNullOrWhiteSpace(posted.SystemPrompt) ? null : posted.SystemPrompt,
            Fingerprint = posted.IdempotencyKey is null ? "" : Identifiers.Fingerprint(posted.Message!, posted.ConversationId, posted.Model, posted.SystemPrompt),
            AcceptedAt = now,
            TraceId = posted.TraceId,
        };
    }

    /// <summary>What the history says already: the key's earlier job, or that the conversation is not the caller's.</summary>
    private async Task<Admission?> KnownAsync(JobMessage job, PostedMessage posted, CancellationToken cancellation)
    {
        try
        {
            if (posted.IdempotencyKey is not null && await store.FindAsync(job.Key, cancellation) is { } turn)
            {
                return turn.Fingerprint == job.Fingerprint
                    ? await AcceptAgainAsync(job, turn, cancellation)
                    : new Admission.Refused(ErrorCode.KeyReused);
            }

            if (posted.ConversationId is not null)
            {
                return await store.FindConversationAsync(job.Conversation, cancellation) is null ? new Admission.Refused(ErrorCode.NotFound) : null;
            }

            // A key's conversation is always the same one: one that was deleted would take the message into nothing.
            return posted.IdempotencyKey is not null && await store.WasDeletedAsync(job.Conversation, cancellation)
                ? new Admission.Refused(ErrorCode.ConversationDeleted)
                : null;
        }
        catch (HistoryUnavailableException error)
        {
            // The queue alone decides: a second job of the same key is found out when it begins (step 4).
            LogHistoryAway(error, job.JobId);
            return null;
        }
    }

    /// <summary>The same receipt. That a waiting turn was recorded does not say that the queue has it, so it is committed again.</summary>
    private async Task<Admission> AcceptAgainAsync(JobMessage job, Turn turn, CancellationToken cancellation)
    {
        var accepted = new Admission.Accepted(job.Key, turn.ConversationId, turn.Status, turn.AcceptedAt);
        return turn.End is null && await CommitAsync(job with { AcceptedAt = turn.AcceptedAt }, cancellation) is Admission.Refused refused
            ? refused
            : accepted;
    }

    private async Task<Admission> CommitAsync(JobMessage job, CancellationToken cancellation)
    {
        var commit = queue.EnqueueAsync(job, cancellation);
        var pending = RecordPendingAsync(job, cancellation);
        try
        {
            await commit;
        }
        catch (QueueUnavailableException error)
        {
            LogNotCommitted(error, job.JobId);
            if (await pending)
            {
                await WithdrawAsync(job);
            }

            return new Admission.Refused(error.Full ? ErrorCode.StorageFull : ErrorCode.QueueUnavailable);
        }

        await pending;
        return new Admission.Accepted(job.Key, job.ConversationId, JobStatus.Queued, job.AcceptedAt);
    }

    private async Task<bool> RecordPendingAsync(JobMessage job, CancellationToken cancellation)
    {
        try
        {
            await store.RecordPendingAsync(job, cancellation);
            return true;
        }
        catch (HistoryUnavailableException error)
        {
            // The worker repairs it when the turn begins.
            LogHistoryAway(error, job.JobId);
            return false;
        }
    }

    private async Task WithdrawAsync(JobMessage job)
    {
        try
        {
            await store.WithdrawPendingAsync(job, CancellationToken.None);
        }
        catch (HistoryUnavailableException error)
        {
            LogHistoryAway(error, job.JobId);
        }
    }

    private static Accepted Announcement(JobMessage job, Admission.Accepted accepted, string? clientId) =>
        EventHead.Of(job, accepted.At).On(new Accepted { ClientId = clientId, Status = accepted.Status, Message = job.Message });

    [LoggerMessage(Level = LogLevel.Warning, Message = "The history did not take job {JobId} at its acceptance; its worker will repair that.")]
    private partial void LogHistoryAway(Exception error, string jobId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The queue did not take job {JobId}; its sender was told.")]
    private partial void LogNotCommitted(Exception error, string jobId);
}
