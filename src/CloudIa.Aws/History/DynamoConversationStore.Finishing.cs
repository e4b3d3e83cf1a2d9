using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;

namespace CloudIa.Aws.History;

/// <summary>The one conditional write of an end, and the time that an operation has.</summary>
public sealed partial class DynamoConversationStore
{
    private async Task<bool> FinishWithinAsync(JobKey key, int attempt, TurnEnd end, CancellationToken cancellation)
    {
        if (attempt < 1 || await FindJobAsync(key, cancellation) is not { } job)
        {
            return false;
        }

        var content = TurnItem.ContentOf(key.JobId, attempt, end);
        await texts.WriteAsync(job.Conversation, content, cancellation);
        if (await FinishAsync(job, attempt, [.. TurnItem.End(end, content, Identifiers.NewSecret())], cancellation) is not { } ended)
        {
            // Two who end one attempt with one text have the same parts.
            if (content.PartsName is { } parts && (await FindContentAsync(key, cancellation))?.PartsName != parts)
            {
                await texts.RemoveAsync(job.Conversation, content, cancellation);
            }

            return false;
        }

        if (attempt > 1)
        {
            await RemoveOtherPartsAsync(job, content, cancellation);
        }

        if (ended is { TookAt: { } revision, Question.Inline: not null, Content.Inline: not null })
        {
            cache?.Add(job.Conversation, revision, ended.ToTurn(job.ConversationId, 1, text => text.Inline!));
        }

        return true;
    }

    /// <summary>The turn as it has ended; null where it was refused.</summary>
    private async Task<TurnItem?> FinishAsync(JobItem job, int attempt, IReadOnlyList<(string Name, AttributeValue Value)> end, CancellationToken cancellation)
    {
        var place = job.Place;
        while (true)
        {
            if (place.Version > 0)
            {
                var key = HistoryKeys.Turn(job.Conversation, place);
                var finish = DynamoWrite.Update(key)
                    .IfIs(TurnItem.JobId, Field.Of(job.Key.JobId))
                    .IfIs(TurnItem.Attempt, Field.Of(attempt))
                    .IfMissing(TurnItem.EndedAt);
                foreach (var (name, value) in end)
                {
                    finish.Set(name, value);
                }

                if (await calls.WriteAsync(finish, cancellation) is { } ended)
                {
                    return new TurnItem(ended);
                }

                if (await calls.GetAsync(key, cancellation) is { } stored && new TurnItem(stored) is { IsGone: false } turn && turn.Job == job.Key.JobId)
                {
                    // Ours, where the engine took it and the answer to the call was lost.
                    return turn.WrittenBy is { } writer && writer == end.First(attribute => attribute.Name == TurnItem.Writer).Value.S ? turn : null;
                }
            }

            // Others came before it: it is not where it was expected.
            var conversation = await FindItemAsync(job.Conversation, cancellation);
            if (conversation is not { IsDeleted: false } || await PlaceInAsync(job, conversation, cancellation) is not { } found || found == place)
            {
                return null;
            }

            place = found;
        }
    }

    /// <summary>The answer that is stored of a job.</summary>
    private async Task<StoredText?> FindContentAsync(JobKey key, CancellationToken cancellation) =>
        await FindPlaceAsync(key, cancellation) is ({ } job, { } place)
        && await calls.GetAsync(HistoryKeys.Turn(job.Conversation, place), cancellation) is { } stored
            ? new TurnItem(stored).Content
            : null;

    /// <summary>What attempts left behind whose end was not stored.</summary>
    private async Task RemoveOtherPartsAsync(JobItem job, StoredText kept, CancellationToken cancellation)
    {
        var left = new List<ItemKey>();
        await foreach (var part in calls.QueryAsync(HistoryKeys.Parts(job.Conversation, job.Key.JobId), 100, backward: false, [DynamoTable.PartitionKey, DynamoTable.SortKey], cancellation))
        {
            left.Add(ItemKey.Of(part));
        }

        left.RemoveAll(key => IsOf(key, kept) || IsOf(key, job.Message));
        await calls.WriteAllAsync([], left, cancellation);

        bool IsOf(ItemKey key, StoredText text) => text.PartsName is { } name && key.Sort.StartsWith($"PART#{name}#", StringComparison.Ordinal);
    }

    /// <summary>Runs a write. A caller that goes away before it has begun finds that nothing was done; after that it is ended.</summary>
    private async Task<T> WriteAsync<T>(Func<CancellationToken, Task<T>> write, CancellationToken cancellation, int callsAtMost = CallsOfAnOperation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var limited = new CancellationTokenSource(limit * callsAtMost, time);
        try
        {
            return await write(limited.Token);
        }
        catch (OperationCanceledException error)
        {
            throw new HistoryUnavailableException("the table took too long", error);
        }
    }

    private async Task<T> ReadAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellation, int callsAtMost = CallsOfAnOperation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var limited = new CancellationTokenSource(limit * callsAtMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limited.Token, cancellation);
        try
        {
            return await read(either.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or HistoryUnavailableException && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(error.Message, error, cancellation);
        }
        catch (OperationCanceledException error)
        {
            throw new HistoryUnavailableException("the table took too long", error);
        }
    }
}
