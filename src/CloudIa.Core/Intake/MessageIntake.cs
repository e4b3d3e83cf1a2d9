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
    StopDesk stops,
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

        var now = time.GetUtcNow();
        var job = NameOf(caller, posted, now);
        var decision = await quota.ReserveAsync(job, cancellation);
        await using var place = new Place(quota, job, decision.Admitted);
        return Refusal(decision, posted) ?? await TakeAsync(Job(caller, posted, job, now), posted, place, cancellation) with { Quota = decision };
    }

    /// <summary>What the quota refuses, before anything is read; not yet a post of a key, whose job may be there.</summary>
    private static Admission.Refused? Refusal(QuotaDecision decision, PostedMessage posted) => decision.Refusal switch
    {
        QuotaRefusal.None => null,
        QuotaRefusal.Jobs => posted.IdempotencyKey is null ? new Admission.Refused(ErrorCode.TooManyJobs) { Quota = decision } : null,
        _ => new Admission.Refused(ErrorCode.RateLimited) { Quota = decision },
    };

    private async Task<Admission> TakeAsync(JobMessage job, PostedMessage posted, Place place, CancellationToken cancellation)
    {
        // 2. Commit
        var admission = await KnownAsync(job, posted, place, cancellation) ?? await CommitAsync(job, posted, place, cancellation);
        if (admission is Admission.Accepted accepted)
        {
            // It is taken, whether or not its sender still waits: what belongs to it is done to its end.
            await bus.PublishAsync(job.Owner, Announcement(job, accepted, posted.ClientId), CancellationToken.None);
            if (posted is { WhenBusy: WhenBusy.Interrupt, ConversationId: not null } && !accepted.Status.IsEnd())
            {
                await InterruptAsync(job);
            }
        }

        return admission;
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

        return ValidateNames(posted);
    }

    private Admission.Refused? ValidateNames(PostedMessage posted) =>
        posted.Model is not null && models.Find(posted.Model) is null ? new Admission.Refused(ErrorCode.ModelUnknown)
        : posted.IdempotencyKey is { } key && (string.IsNullOrWhiteSpace(key) || key.Length > MaxKeyLength) ? new Admission.Refused(ErrorCode.KeyInvalid)
        : posted.ConversationId is { Length: > Identifiers.MaxLength } ? new Admission.Refused(ErrorCode.NotFound)
        : null;

    private static JobKey NameOf(Caller caller, PostedMessage posted, DateTimeOffset now) =>
        new(caller.Owner, posted.IdempotencyKey is { } key ? Identifiers.JobOf(caller.Owner, key) : Identifiers.NewJob(now));

    private static JobMessage Job(Caller caller, PostedMessage posted, JobKey job, DateTimeOffset now) => new()
    {
        JobId = job.JobId,
        Owner = caller.Owner,
        SessionId = caller.SessionId,
        ConversationId = posted.ConversationId ?? Identifiers.ConversationOf(job),
        Message = posted.Message!.Replace('\0', '\uFFFD'),
        Model = posted.Model,
        SystemPrompt = string.IsNullOrWhiteSpace(posted.SystemPrompt) ? null : posted.SystemPrompt,
        Fingerprint = posted.IdempotencyKey is null ? "" : Identifiers.Fingerprint(posted.Message!, posted.ConversationId, posted.Model, posted.SystemPrompt, posted.WhenBusy),
        AcceptedAt = now,
        TraceId = posted.TraceId,
    };

    /// <summary>What is known already: the key's earlier job, that there is no place for another, or that the conversation is not the caller's.</summary>
    private async Task<Admission?> KnownAsync(JobMessage job, PostedMessage posted, Place place, CancellationToken cancellation)
    {
        try
        {
            if (posted.IdempotencyKey is not null && await store.FindAsync(job.Key, cancellation) is { } turn)
            {
                return await AgainAsync(job, turn, place, cancellation);
            }

            if (!place.Reserved)
            {
                return new Admission.Refused(ErrorCode.TooManyJobs);
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
            return place.Reserved ? null : new Admission.Refused(ErrorCode.TooManyJobs);
        }
    }

    private async Task<Admission> AgainAsync(JobMessage job, Turn holder, Place place, CancellationToken cancellation)
    {
        if (holder.End is not null || holder.Fingerprint != job.Fingerprint)
        {
            return ByKey(job, holder);
        }

        // That a waiting turn was recorded does not say that the queue has it, so it is committed again.
        return !place.Reserved
            ? new Admission.Refused(ErrorCode.TooManyJobs)
            : (await EnqueueAsync(job with { AcceptedAt = holder.AcceptedAt }, EnqueueCondition.None, place, again: true, cancellation)).Refusal ?? ByKey(job, holder);
    }

    /// <summary>The receipt of the job that holds the key already, if its body was the same.</summary>
    private static Admission ByKey(JobMessage job, Turn holder) => holder.Fingerprint == job.Fingerprint
        ? new Admission.Accepted(job.Key, holder.ConversationId, holder.Status, holder.AcceptedAt)
        : new Admission.Refused(ErrorCode.KeyReused);

    private async Task InterruptAsync(JobMessage job)
    {
        try
        {
            await stops.InterruptForAsync(job, CancellationToken.None);
        }
        catch (HistoryUnavailableException error)
        {
            // It is accepted and waits its turn; a post repeated with its key interrupts again.
            LogNotInterrupted(error, job.JobId);
        }
    }

    private static Accepted Announcement(JobMessage job, Admission.Accepted accepted, string? clientId) =>
        EventHead.Of(job, accepted.At).On(new Accepted
        {
            ClientId = clientId,
            Status = accepted.Status,
            Message = job.Turn is null ? job.Message : null,
            Turn = job.Turn,
        });

    [LoggerMessage(Level = LogLevel.Warning, Message = "What runs before job {JobId} was not stopped; the job waits for it.")]
    private partial void LogNotInterrupted(Exception error, string jobId);
}
