using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;

namespace CloudIa.Aws.History;

/// <summary>Whole conversations: found, listed, searched and changed.</summary>
public sealed partial class DynamoConversationStore
{
    /// <summary>Conversations that a search reads at a time.</summary>
    private const int SearchedAtOnce = 8;

    public Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation) =>
        ReadAsync(
            async either => await FindItemAsync(conversation, either) is { IsDeleted: false } found ? await ToConversationAsync(conversation, found, either) : null,
            cancellation);

    public Task<bool> WasDeletedAsync(ConversationKey conversation, CancellationToken cancellation) =>
        ReadAsync(async either => await FindItemAsync(conversation, either) is { IsDeleted: true }, cancellation);

    public Task<Conversation?> ChangeAsync(ConversationKey conversation, ConversationChange change, CancellationToken cancellation) =>
        WriteAsync(limited => ChangeWithinAsync(conversation, change, limited), cancellation);

    public Task<IReadOnlyList<Conversation>> ListAsync(string owner, ListPlace? after, int limit, CancellationToken cancellation) =>
        ReadAsync<IReadOnlyList<Conversation>>(
            async either => await Task.WhenAll((await AllAfterAsync(owner, after, either)).Take(limit).Select(one => ToConversationAsync(one.Key, one.Item, either))),
            cancellation);

    public Task<IReadOnlyList<Conversation>> SearchAsync(string owner, string text, ListPlace? after, int limit, CancellationToken cancellation) =>
        ReadAsync(
            either => FoldedText.WordsOf(text) is { Count: > 0 } words ? SearchWithinAsync(owner, words, after, limit, either) : Task.FromResult<IReadOnlyList<Conversation>>([]),
            cancellation,
            CallsOfALongOperation);

    /// <summary>Reads the owner's conversations in the list's order, until the page is full: what is common is found in the first of them.</summary>
    private async Task<IReadOnlyList<Conversation>> SearchWithinAsync(
        string owner, IReadOnlyList<string> words, ListPlace? after, int limit, CancellationToken cancellation)
    {
        var page = new List<Conversation>();
        foreach (var some in (await AllAfterAsync(owner, after, cancellation)).Chunk(SearchedAtOnce))
        {
            var found = await Task.WhenAll(some.Select(one => HasAllAsync(one.Key, one.Item, words, cancellation)));
            foreach (var (one, _) in some.Zip(found).Where(pair => pair.Second))
            {
                page.Add(await ToConversationAsync(one.Key, one.Item, cancellation));
            }

            if (page.Count >= limit)
            {
                break;
            }
        }

        return [.. page.Take(limit)];
    }

    private async Task<bool> HasAllAsync(ConversationKey key, ConversationItem conversation, IReadOnlyList<string> words, CancellationToken cancellation)
    {
        var left = new FoldedText.Search(words);
        if (conversation.IsNamed)
        {
            left.Look(conversation.ToConversation("", null).Title);
        }

        var range = HistoryKeys.Turns(key, 1, int.MaxValue);
        await using var items = calls.QueryAsync(range, 1000, backward: true, null, cancellation).GetAsyncEnumerator(cancellation);
        while (!left.IsDone && await items.MoveNextAsync())
        {
            var turn = new TurnItem(items.Current);
            if (!turn.IsGone && turn.HasEnded)
            {
                var text = await texts.ReadAllAsync(key, [turn.Question, turn.Content], cancellation);
                left.Look(text(turn.Question));
                left.Look(text(turn.Content));
            }
        }

        return left.IsDone;
    }

    /// <summary>All of an owner's conversations after a place in the list, in the list's order.</summary>
    private async Task<IReadOnlyList<(ConversationKey Key, ConversationItem Item)>> AllAfterAsync(string owner, ListPlace? after, CancellationToken cancellation)
    {
        var all = new List<(ConversationKey Key, ConversationItem Item, DateTimeOffset Newest)>();
        await foreach (var item in calls.QueryAsync(HistoryKeys.Conversations(owner), 1000, backward: false, null, cancellation))
        {
            var conversation = new ConversationItem(item);
            if (!conversation.IsDeleted)
            {
                all.Add((new ConversationKey(owner, HistoryKeys.ConversationId(ItemKey.Of(item))), conversation, conversation.Newest));
            }
        }

        return
        [
            .. all
                .Where(one => after is not { } place || one.Newest < place.UpdatedAt
                    || (one.Newest == place.UpdatedAt && string.CompareOrdinal(one.Key.ConversationId, place.ConversationId) < 0))
                .OrderByDescending(one => one.Newest)
                .ThenByDescending(one => one.Key.ConversationId, StringComparer.Ordinal)
                .Select(one => (one.Key, one.Item)),
        ];
    }

    private async Task<Conversation?> ChangeWithinAsync(ConversationKey conversation, ConversationChange change, CancellationToken cancellation)
    {
        var write = DynamoWrite.Update(HistoryKeys.Conversation(conversation))
            .IfThere()
            .IfMissing(ConversationItem.DeletedAt)
            .Set(ConversationItem.Changed, Field.Of(1));
        if (await FindItemAsync(conversation, cancellation) is not { IsDeleted: false })
        {
            return null;
        }

        if (change.Title is { } title)
        {
            write.Set(ConversationItem.Title, Field.Of(StoredText.Clean(title))).Set(ConversationItem.Named, Field.Of(1));
        }

        if (change.SystemPrompt is { } prompt)
        {
            var kept = StoredText.Of(StoredText.Clean(prompt), "prompt", MostPromptInline);
            await texts.WriteAsync(conversation, kept, cancellation);
            var (name, value) = kept.As(ConversationItem.Prompt);
            foreach (var attribute in new[] { ConversationItem.Prompt, StoredText.NameOf(ConversationItem.Prompt) })
            {
                write.Set(attribute, attribute == name && prompt.Length > 0 ? Field.Of(value) : null);
            }
        }

        return await calls.WriteAsync(write, cancellation) is { } changed
            ? await ToConversationAsync(conversation, new ConversationItem(changed), cancellation)
            : null;
    }

    private async Task<Conversation> ToConversationAsync(ConversationKey key, ConversationItem item, CancellationToken cancellation) =>
        item.ToConversation(key.ConversationId, item.SystemPrompt is { } prompt ? await texts.ReadAsync(key, prompt, cancellation) : null);
}
