using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.History;

/// <summary>The reads. What is asked of a conversation that is being removed is answered by its mark, whatever is still there.</summary>
public sealed partial class DynamoConversationStore
{
    public Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) =>
        ReadAsync(either => FindWithinAsync(job, either), cancellation);

    public Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation) =>
        ReadAsync(either => ReadPageAsync(conversation, (1, (before ?? int.MaxValue) - 1), limit, backward: true, either), cancellation);

    public Task<IReadOnlyList<Turn>> ReadTurnsAfterAsync(ConversationKey conversation, int after, int limit, CancellationToken cancellation) =>
        ReadAsync(either => ReadPageAsync(conversation, (Math.Max(after, 0) + 1, int.MaxValue), limit, backward: false, either), cancellation);

    public Task<IReadOnlyList<Turn>> ReadVersionsAsync(ConversationKey conversation, int turn, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<Turn>>(
            async either =>
            {
                var (found, versions) = (FindItemAsync(conversation, either), VersionsAsync(conversation, turn, either));
                await Task.WhenAll(found, versions);
                return await found is { IsDeleted: false } ? await ToTurnsAsync(conversation, await versions, (await versions).Count, either) : [];
            },
            cancellation);

    public Task<IReadOnlyList<Turn>> ReadPendingAsync(ConversationKey conversation, int limit, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<Turn>>(
            async either => await FindItemAsync(conversation, either) is { IsDeleted: false } found
                ? await WaitingTurnsAsync(
                    conversation, [.. found.Waiting.Where(job => !job.Value.IsRegeneration).OrderByDescending(job => job.Value.Order).Take(limit).Select(job => job.Key)], either)
                : [],
            cancellation);

    public Task<IReadOnlyList<Turn>> ReadUnfinishedAsync(ConversationKey conversation, int limit, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<Turn>>(
            async either =>
            {
                if (await FindItemAsync(conversation, either) is not { IsDeleted: false } found)
                {
                    return [];
                }

                var open = await OpenTurnsAsync(conversation, found, either);
                var turns = await ToTurnsAsync(conversation, [.. open.Values.Where(turn => !turn.HasEnded)], either);

                // One whose place was taken in this moment still looks as if it waited.
                var waiting = found.Waiting.Select(job => (job.Key, job.Value.Order)).OrderBy(job => job.Order).Take(limit).ToDictionary();
                foreach (var (jobId, job) in found.Open.Where(job => !open.ContainsKey(job.Key)))
                {
                    waiting[jobId] = job.Order;
                }

                return
                [
                    .. turns.Select(turn => (found.Open[turn.JobId].Order, Turn: turn))
                        .Concat((await WaitingTurnsAsync(conversation, [.. waiting.Keys], either)).Select(turn => (Order: waiting[turn.JobId], Turn: turn)))
                        .OrderBy(turn => turn.Order)
                        .Take(limit)
                        .Select(turn => turn.Turn),
                ];
            },
            cancellation);

    private async Task<Turn?> FindWithinAsync(JobKey key, CancellationToken cancellation)
    {
        if (await FindPlaceAsync(key, cancellation) is not { } job)
        {
            return null;
        }

        var conversation = job.Item.Conversation;
        if (job.Place is { } place)
        {
            var versions = await VersionsAsync(conversation, place.Turn, cancellation);
            if (versions.FirstOrDefault(version => version.Job == key.JobId) is { } turn)
            {
                return (await ToTurnsAsync(conversation, [turn], versions.Count, cancellation))[0];
            }
        }

        return job.Item.ToTurn(await texts.ReadAsync(conversation, job.Item.Message, cancellation));
    }

    /// <summary>A job, its conversation, and its place where it has one. Null where it is unknown, or was deleted or withdrawn.</summary>
    private async Task<(JobItem Item, TurnPlace? Place)?> FindPlaceAsync(JobKey key, CancellationToken cancellation)
    {
        if (await FindJobAsync(key, cancellation) is not { } job)
        {
            return null;
        }

        var conversation = await FindItemAsync(job.Conversation, cancellation);
        if (conversation is { IsDeleted: true })
        {
            return null;
        }

        var place = conversation is null ? null : await PlaceInAsync(job, conversation, cancellation);

        // Another post of its key may have shown it again since.
        return place is null && job.IsWithdrawn && conversation?.Waiting.ContainsKey(key.JobId) != true ? null : (job, place);
    }

    private async Task<JobItem?> FindJobAsync(JobKey key, CancellationToken cancellation) =>
        await calls.GetAsync(HistoryKeys.Job(key), cancellation) is { } item ? JobItem.From(key, item) : null;

    private async Task<ConversationItem?> FindItemAsync(ConversationKey key, CancellationToken cancellation) =>
        await calls.GetAsync(HistoryKeys.Conversation(key), cancellation) is { } item ? new ConversationItem(item) : null;

    /// <summary>A job's conversation and what is known of the job itself, by one read.</summary>
    private async Task<(ConversationItem? Conversation, JobItem? Known)> FindBothAsync(JobMessage job, CancellationToken cancellation)
    {
        var (conversation, itself) = (HistoryKeys.Conversation(job.Conversation), HistoryKeys.Job(job.Key));
        var found = await calls.GetAllAsync([conversation, itself], cancellation);
        return (
            found.TryGetValue(conversation, out var item) ? new ConversationItem(item) : null,
            found.TryGetValue(itself, out var known) ? JobItem.From(job.Key, known) : null);
    }

    /// <summary>The system prompt that a begin brings: its conversation's, or its own where it begins the conversation.</summary>
    private async Task<string?> PromptAsync(JobMessage job, ConversationItem? conversation, CancellationToken cancellation) =>
        conversation is null ? job.SystemPrompt is { } own ? StoredText.Clean(own) : null
            : conversation.SystemPrompt is { } prompt ? await texts.ReadAsync(job.Conversation, prompt, cancellation)
            : null;

    /// <summary>All answers of a turn, oldest first.</summary>
    private async Task<IReadOnlyList<TurnItem>> VersionsAsync(ConversationKey conversation, int turn, CancellationToken cancellation)
    {
        var versions = new List<TurnItem>();
        if (turn > 0)
        {
            await foreach (var item in calls.QueryAsync(HistoryKeys.Turns(conversation, turn, turn), 100, backward: false, null, cancellation))
            {
                versions.Add(new TurnItem(item));
            }
        }

        versions.RemoveAll(version => version.IsGone);
        return versions;
    }

    private async Task<IReadOnlyList<Turn>> WaitingTurnsAsync(ConversationKey conversation, IReadOnlyList<string> jobs, CancellationToken cancellation)
    {
        var keys = jobs.Select(jobId => new JobKey(conversation.Owner, jobId)).ToList();
        var items = keys.Count == 0 ? null : await calls.GetAllAsync(keys.Select(HistoryKeys.Job), cancellation);
        var found = keys.Where(key => items!.ContainsKey(HistoryKeys.Job(key))).Select(key => JobItem.From(key, items![HistoryKeys.Job(key)])).ToList();
        var text = await texts.ReadAllAsync(conversation, found.Select(job => job.Message), cancellation);
        return [.. found.Select(job => job.ToTurn(text(job.Message)))];
    }

    /// <summary>Answers of any turns; how many each turn has is looked for.</summary>
    private async Task<IReadOnlyList<Turn>> ToTurnsAsync(ConversationKey conversation, IReadOnlyList<TurnItem> turns, CancellationToken cancellation)
    {
        var made = new List<Turn>();
        foreach (var turn in turns)
        {
            var versions = await VersionsAsync(conversation, turn.Place.Turn, cancellation);
            made.AddRange(await ToTurnsAsync(conversation, [turn], versions.Count, cancellation));
        }

        return made;
    }

    private async Task<IReadOnlyList<Turn>> ToTurnsAsync(ConversationKey conversation, IReadOnlyList<TurnItem> turns, int versions, CancellationToken cancellation)
    {
        var text = await texts.ReadAllAsync(conversation, turns.SelectMany(turn => new[] { turn.Question, turn.Content }), cancellation);
        return [.. turns.Select(turn => turn.ToTurn(conversation.ConversationId, versions, text))];
    }
}
