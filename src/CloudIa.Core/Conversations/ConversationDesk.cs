using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Protocol;

namespace CloudIa.Core.Conversations;

/// <summary>Changes whole conversations for their owner: the history decides, and the owner's sockets hear of it.</summary>
public sealed class ConversationDesk(IConversationStore store, IDeliveryBus bus, IQuota quota, IntakeOptions options, TimeProvider time)
{
    /// <summary>The error code of a change that cannot be made to any conversation; null for one that can.</summary>
    public string? ErrorIn(ConversationChange change) =>
        change.Title is { } title && (string.IsNullOrWhiteSpace(title) || title.Length > ConversationTitle.MaxGivenLength) ? ErrorCode.TitleInvalid
        : change.SystemPrompt?.Length > options.MaxSystemPromptCharacters ? ErrorCode.SystemPromptTooLong
        : null;

    /// <summary>The conversation as it is then; null where it is not the owner's.</summary>
    public async Task<Conversation?> ChangeAsync(ConversationKey key, ConversationChange change, string traceId, CancellationToken cancellation)
    {
        var changed = await store.ChangeAsync(key, change, cancellation);
        if (changed is not null)
        {
            await AnnounceAsync(key, changed.Title, deleted: false, traceId);
        }

        return changed;
    }

    /// <summary>Deletes it with everything in it; answers that run are stopped. False where it is not the owner's.</summary>
    public async Task<bool> DeleteAsync(ConversationKey key, string traceId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (await store.DeleteAsync(key, now, cancellation) is not { } unfinished)
        {
            return false;
        }

        await AnnounceAsync(key, title: null, deleted: true, traceId);
        foreach (var job in unfinished)
        {
            var jobKey = new JobKey(key.Owner, job.JobId);
            await quota.SettleAsync(jobKey);
            await bus.SignalStopAsync(jobKey, CancellationToken.None);
            await bus.EndAsync(jobKey, TurnEvents.Deleted(new EventHead(job.JobId, key.ConversationId, null, traceId, now)), CancellationToken.None);
        }

        return true;
    }

    /// <summary>Makes a copy of a conversation's first turns.</summary>
    public async Task<ForkResult> ForkAsync(ConversationKey key, int turn, string traceId, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var result = await store.ForkAsync(key, turn, Identifiers.NewConversation(now), now, cancellation);
        if (result is ForkResult.Forked { Conversation: var made })
        {
            await AnnounceAsync(key with { ConversationId = made.ConversationId }, made.Title, deleted: false, traceId);
        }

        return result;
    }

    // It is done, whether or not the caller still waits: everybody is told.
    private ValueTask AnnounceAsync(ConversationKey key, string? title, bool deleted, string traceId) =>
        bus.PublishAsync(
            key.Owner,
            new ConversationUpdated { ConversationId = key.ConversationId, TraceId = traceId, Timestamp = time.GetUtcNow(), Title = title, Deleted = deleted },
            CancellationToken.None);
}
