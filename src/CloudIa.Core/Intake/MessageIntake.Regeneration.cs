using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Core.Intake;

/// <summary>The same for a wish for another answer: a job as every other, for the turn that is there.</summary>
public sealed partial class MessageIntake
{
    /// <summary>Answers once the job is durable, or says why there is none.</summary>
    /// <param name="caller">Who asks.</param>
    /// <param name="conversationId">Whose last turn is answered again.</param>
    /// <param name="model">Null: the one that was asked for before, if it is still there.</param>
    /// <param name="idempotencyKey">As of a post.</param>
    /// <param name="traceId">W3C trace id, 32 hex characters.</param>
    /// <param name="cancellation">Leaves it accepted or not.</param>
    public async Task<Admission> RegenerateAsync(
        Caller caller, string conversationId, string? model, string? idempotencyKey, string traceId, CancellationToken cancellation)
    {
        // No post has an empty message, so that a key of the one is never taken for a key of the other.
        var wish = new PostedMessage
        {
            Message = "",
            ConversationId = conversationId,
            Model = model,
            WhenBusy = WhenBusy.Reject,
            IdempotencyKey = idempotencyKey,
            TraceId = traceId,
        };
        if (ValidateNames(wish) is { } invalid)
        {
            return invalid;
        }

        var now = time.GetUtcNow();
        var job = NameOf(caller, wish, now);
        var decision = await quota.ReserveAsync(job, cancellation);
        await using var place = new Place(quota, job, decision.Admitted);
        return Refusal(decision, wish) ?? await RegenerateAsync(Job(caller, wish, job, now), wish, place, cancellation) with { Quota = decision };
    }

    private async Task<Admission> RegenerateAsync(JobMessage job, PostedMessage wish, Place place, CancellationToken cancellation)
    {
        var holder = wish.IdempotencyKey is null ? null : await store.FindAsync(job.Key, cancellation);
        if (holder is null && !place.Reserved)
        {
            return new Admission.Refused(ErrorCode.TooManyJobs);
        }

        if ((holder ?? await LastTurnAsync(job.Conversation, cancellation)) is not { } turn)
        {
            return await store.FindConversationAsync(job.Conversation, cancellation) is null ? new Admission.Refused(ErrorCode.NotFound)
                : (await store.ReadUnfinishedAsync(job.Conversation, 1, cancellation)).Count > 0 ? new Admission.Refused(ErrorCode.ConversationBusy)
                : new Admission.Refused(ErrorCode.NothingToRegenerate);
        }

        // Whether the conversation is idle, the commit finds out.
        var before = turn.Model is { } name && models.Find(name) is not null ? name : null;
        return await TakeAsync(job with { Turn = turn.Number, Message = turn.Message, Model = wish.Model ?? before }, wish, place, cancellation);
    }

    private async Task<Turn?> LastTurnAsync(ConversationKey conversation, CancellationToken cancellation) =>
        await store.ReadTurnsAsync(conversation, before: null, limit: 1, cancellation) is [var last] ? last : null;
}
