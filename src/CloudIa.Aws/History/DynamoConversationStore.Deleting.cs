using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>
/// Deletion: the mark on the conversation's item decides for all readers and writers at once. Then each job without an end is
/// refused one, then everything is removed, and the mark alone stays. A deletion that was cut short goes on when it is asked for again.
/// </summary>
public sealed partial class DynamoConversationStore
{
    /// <summary>Items that are removed together with what they name.</summary>
    private const int RemovedAtOnce = 100;

    /// <summary>How long the place of a turn that was being written stays taken.</summary>
    private static readonly TimeSpan GraveTime = TimeSpan.FromDays(1);

    public Task<IReadOnlyList<Turn>?> DeleteAsync(ConversationKey conversation, DateTimeOffset now, CancellationToken cancellation) =>
        WriteAsync(limited => DeleteWithinAsync(conversation, now, limited), cancellation, CallsOfALongOperation);

    private async Task<IReadOnlyList<Turn>?> DeleteWithinAsync(ConversationKey key, DateTimeOffset now, CancellationToken cancellation)
    {
        var mark = DynamoWrite.Update(HistoryKeys.Conversation(key))
            .Set(ConversationItem.DeletedAt, Field.Of(now))
            .Set(ConversationItem.Removing, Field.Of(1))
            .Add(ConversationItem.Revision, 1)
            .IfThere()
            .IfMissingOrHas(ConversationItem.DeletedAt, ConversationItem.Removing);
        if (await calls.WriteAsync(mark, cancellation) is not { } marked)
        {
            return null;
        }

        var conversation = new ConversationItem(marked);
        var unfinished = new List<Turn>();
        foreach (var (jobId, open) in conversation.Open.OrderBy(job => (job.Value.Place.Turn, job.Value.Place.Version)))
        {
            if (await EndOpenAsync(key, jobId, open.Place, now, cancellation) is { } turn)
            {
                unfinished.Add(turn);
            }
        }

        string[] waiting = [.. conversation.Waiting.OrderBy(job => job.Value.Order).Select(job => job.Key)];
        unfinished.AddRange(await WaitingTurnsAsync(key, waiting, cancellation));
        await RemoveEverythingAsync(key, [.. waiting, .. conversation.Open.Keys], cancellation);
        if (cache is not null)
        {
            await cache.ForgetAsync(key);
        }

        var name = HistoryKeys.Conversation(key).ToItem();
        name[ConversationItem.DeletedAt] = Field.Of(now);
        await calls.WriteAsync(DynamoWrite.Put(name).IfHas(ConversationItem.Removing), cancellation);
        return unfinished;
    }

    /// <summary>Takes an open job's turn away, so that it gets no end. The job, where it had none.</summary>
    private async Task<Turn?> EndOpenAsync(ConversationKey key, string jobId, TurnPlace place, DateTimeOffset now, CancellationToken cancellation)
    {
        var turnKey = HistoryKeys.Turn(key, place);
        while (true)
        {
            var removed = await calls.WriteAsync(DynamoWrite.Remove(turnKey).IfMissing(TurnItem.Gone), cancellation);
            if (removed is { Count: > 0 })
            {
                var turn = new TurnItem(removed);
                return turn.HasEnded ? null : (await ToTurnsAsync(key, [turn], place.Version, cancellation))[0];
            }

            // Whoever took the place comes too late to write its turn.
            var grave = turnKey.ToItem().With(TurnItem.Gone, 1).With(DynamoTable.ExpiresAt, (now + GraveTime).ToUnixTimeSeconds());
            if (removed is null || await calls.WriteAsync(DynamoWrite.Put(grave).IfNew(), cancellation) is not null)
            {
                return await FindJobAsync(new JobKey(key.Owner, jobId), cancellation) is { } job
                    ? job.ToTurn(await texts.ReadAsync(key, job.Message, cancellation))
                    : null;
            }
        }
    }

    private async Task RemoveEverythingAsync(ConversationKey key, IEnumerable<string> jobs, CancellationToken cancellation)
    {
        await calls.WriteAllAsync([], jobs.Select(jobId => HistoryKeys.Job(new JobKey(key.Owner, jobId))), cancellation);
        var items = new List<Item>();
        string[] attributes = [DynamoTable.PartitionKey, DynamoTable.SortKey, TurnItem.JobId, TurnItem.Gone];
        await foreach (var item in calls.QueryAsync(HistoryKeys.Everything(key), 1000, backward: false, attributes, cancellation))
        {
            items.Add(item);
            if (items.Count == RemovedAtOnce)
            {
                await RemoveAsync();
            }
        }

        await RemoveAsync();

        async Task RemoveAsync()
        {
            // What finds a turn goes first, so that nothing is left that nobody finds.
            var jobKeys = items.Select(item => item.Text(TurnItem.JobId)).OfType<string>().Select(jobId => HistoryKeys.Job(new JobKey(key.Owner, jobId)));
            await calls.WriteAllAsync([], jobKeys, cancellation);
            await calls.WriteAllAsync([], items.Where(item => !item.ContainsKey(TurnItem.Gone)).Select(ItemKey.Of), cancellation);
            items.Clear();
        }
    }
}
