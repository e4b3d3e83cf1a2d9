using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.History;

/// <summary>Messages that wait: shown by two writes, the job's item and a mark on its conversation's.</summary>
public sealed partial class DynamoConversationStore
{
    /// <summary>UTF-8 bytes of a system prompt that stands in its conversation's item.</summary>
    private const int MostPromptInline = 256;

    public Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) =>
        WriteAsync(limited => RecordPendingWithinAsync(job, limited), cancellation);

    public Task WithdrawPendingAsync(JobMessage job, CancellationToken cancellation) =>
        WriteAsync(limited => WithdrawPendingWithinAsync(job, limited), cancellation);

    private async Task<bool> RecordPendingWithinAsync(JobMessage job, CancellationToken cancellation)
    {
        JobItem? item = null;
        for (var tries = 0; ; tries++)
        {
            // At once the first time: who was faster was most likely the begin of this very message.
            await calls.PauseAsync(tries - 1, cancellation);

            // A conversation that has its name of this very job is most likely not there yet, and the write finds out.
            var conversation = tries == 0 && job.ConversationId == Identifiers.ConversationOf(job.Key) ? null : await FindItemAsync(job.Conversation, cancellation);
            if (conversation is { IsDeleted: true } && item is not null)
            {
                // Recorded before that was known: nothing else would find it.
                await texts.RemoveAsync(job.Conversation, item.Message, cancellation);
                await calls.WriteAsync(DynamoWrite.Remove(HistoryKeys.Job(job.Key)), cancellation);
            }

            if (conversation is { IsDeleted: true } || (conversation is null && job.Turn is not null)
                || conversation?.Waiting.ContainsKey(job.JobId) == true || conversation?.Open.ContainsKey(job.JobId) == true)
            {
                return false;
            }

            if (item is null)
            {
                item = Expecting(JobItem.Of(job), conversation);
                if (!await RecordJobAsync(item, cancellation))
                {
                    // That it is known does not say that it is shown: its begin may be just between the two, or a record was cut off there.
                    item = await FindJobAsync(job.Key, cancellation) is { IsWithdrawn: false } known ? known : null;
                    if (item is not null && (item.ConversationId != job.ConversationId || item.Fingerprint != job.Fingerprint))
                    {
                        return false;
                    }

                    continue;
                }
            }
            else if (await LocateAsync(item, conversation, cancellation) is not null)
            {
                return false;
            }

            if (await calls.WriteAsync(await WaitAsync(job, item, conversation, cancellation), cancellation) is not null)
            {
                return true;
            }
        }
    }

    /// <summary>The mark of a job that waits. Whoever gave out a place since the conversation was read may have given it to this one.</summary>
    private async Task<DynamoWrite> WaitAsync(JobMessage job, JobItem item, ConversationItem? conversation, CancellationToken cancellation)
    {
        var waits = new WaitingJob((conversation?.Seq ?? 0) + 1, job.AcceptedAt, item.Place.Version == 0 ? 0 : item.Place.Turn);
        var wait = DynamoWrite.Update(HistoryKeys.Conversation(job.Conversation))
            .Set(ConversationItem.WaitingName(job.JobId), Field.Of(waits.ToString()))
            .Add(ConversationItem.Accepted, 1);
        if (conversation is not null)
        {
            return wait.IfIs(ConversationItem.Revision, Field.Of(conversation.Rev));
        }

        await BringAsync(wait, item, job.Message, job.SystemPrompt, cancellation);
        return wait.IfNew()
            .Set(ConversationItem.UpdatedAt, Field.Of(job.AcceptedAt))
            .Set(ConversationItem.Turns, Field.Of(0))
            .Set(ConversationItem.Revision, Field.Of(0));
    }

    /// <summary>What the message that begins a conversation brings along.</summary>
    private async Task BringAsync(DynamoWrite write, JobItem job, string message, string? systemPrompt, CancellationToken cancellation)
    {
        write
            .Set(ConversationItem.Title, Field.Of(StoredText.Clean(ConversationTitle.From(message))))
            .Set(ConversationItem.CreatedAt, Field.Of(job.AcceptedAt))
            .Set(ConversationItem.First, Field.Of(job.Key.JobId));
        if (systemPrompt is not null)
        {
            await SetPromptAsync(write, job.Conversation, systemPrompt, cancellation);
        }
    }

    private async Task SetPromptAsync(DynamoWrite write, ConversationKey conversation, string systemPrompt, CancellationToken cancellation)
    {
        var prompt = StoredText.Of(StoredText.Clean(systemPrompt), "prompt", MostPromptInline);
        await texts.WriteAsync(conversation, prompt, cancellation);
        var (name, value) = prompt.As(ConversationItem.Prompt);
        write.Set(name, Field.Of(value));
    }

    /// <summary>A job as it is first known: where its turn is to be expected.</summary>
    private static JobItem Expecting(JobItem job, ConversationItem? conversation) => job with
    {
        TurnsBefore = conversation?.LastTurn ?? 0,
        Place = job.Turn is { } turn ? new TurnPlace(turn, 0) : new TurnPlace(conversation?.NextExpected ?? 1, 1),
    };

    /// <summary>Makes a job known. False where it is.</summary>
    private async Task<bool> RecordJobAsync(JobItem job, CancellationToken cancellation)
    {
        await texts.WriteAsync(job.Conversation, job.Message, cancellation);
        var record = DynamoWrite.Put(job.ToItem()).IfMissingOrHas(DynamoTable.PartitionKey, JobItem.Withdrawn);
        return await calls.WriteAsync(record, cancellation) is not null;
    }

    private async Task<bool> WithdrawPendingWithinAsync(JobMessage job, CancellationToken cancellation)
    {
        var key = HistoryKeys.Conversation(job.Conversation);
        for (var tries = 0; ; tries++)
        {
            await calls.PauseAsync(tries, cancellation);
            if (await FindJobAsync(job.Key, cancellation) is not { IsWithdrawn: false } known)
            {
                return false;
            }

            var conversation = await FindItemAsync(job.Conversation, cancellation);
            if (conversation is not null && await PlaceInAsync(known, conversation, cancellation) is not null)
            {
                return false;
            }

            if (conversation?.Waiting.ContainsKey(job.JobId) == true)
            {
                var leave = DynamoWrite.Update(key)
                    .Set(ConversationItem.WaitingName(job.JobId), null)
                    .Add(ConversationItem.Revision, 1)
                    .IfIs(ConversationItem.Revision, Field.Of(conversation.Rev));
                if (await calls.WriteAsync(leave, cancellation) is not { } left)
                {
                    continue;
                }

                conversation = new ConversationItem(left);
            }

            // It is not removed: a worker may have the message after all, and begin it in this moment.
            await calls.WriteAsync(DynamoWrite.Update(HistoryKeys.Job(job.Key)).Set(JobItem.Withdrawn, Field.Of(1)).IfThere(), cancellation);
            if (conversation is { IsDeleted: false, IsFork: false, IsChanged: false, LastTurn: 0 } && conversation.FirstJob == job.JobId)
            {
                await LeaveConversationAsync(job.Conversation, conversation, cancellation);
            }

            return true;
        }
    }

    /// <summary>The message that began a conversation was taken back: with nothing left in it it is gone, else the next message is its first.</summary>
    private async Task LeaveConversationAsync(ConversationKey key, ConversationItem conversation, CancellationToken cancellation)
    {
        var unchanged = Field.Of(conversation.Rev);
        var next = conversation.Waiting.OrderBy(job => job.Value.Order).Select(job => job.Key).FirstOrDefault();
        if (next is null)
        {
            await calls.WriteAsync(
                DynamoWrite.Remove(HistoryKeys.Conversation(key))
                    .IfIs(ConversationItem.Revision, unchanged)
                    .IfIs(ConversationItem.Accepted, Field.Of(conversation.Seq))
                    .IfMissing(ConversationItem.Changed),
                cancellation);
        }
        else if (await FindJobAsync(new JobKey(key.Owner, next), cancellation) is { } first)
        {
            var begin = DynamoWrite.Update(HistoryKeys.Conversation(key))
                .IfIs(ConversationItem.Revision, unchanged)
                .IfMissing(ConversationItem.Changed)
                .Set(ConversationItem.UpdatedAt, Field.Of(first.AcceptedAt))
                .Set(ConversationItem.Prompt, null)
                .Set(StoredText.NameOf(ConversationItem.Prompt), null);
            await BringAsync(begin, first, await texts.ReadAsync(key, first.Message, cancellation), systemPrompt: null, cancellation);
            await calls.WriteAsync(begin, cancellation);
        }
    }
}
