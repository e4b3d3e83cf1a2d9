using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>Pages of turns, from the table or from those that are kept.</summary>
public sealed partial class DynamoConversationStore
{
    /// <summary>Turns of a range, each as its current answer.</summary>
    private async Task<IReadOnlyList<Turn>> ReadPageAsync(ConversationKey conversation, (int From, int To) range, int limit, bool backward, CancellationToken cancellation)
    {
        if (range.To < range.From || limit < 1)
        {
            return [];
        }

        if (backward && cache is not null)
        {
            return await ReadNewestAsync(cache, conversation, range, limit, cancellation);
        }

        var (found, current) = (FindItemAsync(conversation, cancellation), CurrentAsync(conversation, range, limit, backward, cancellation));
        await Task.WhenAll(found, current);
        return await found is { IsDeleted: false } ? await ToTurnsAsync(conversation, await current, cancellation) : [];
    }

    /// <summary>A page that may be kept. What is not is read after the conversation's item, so that it is at least as new, and is kept then.</summary>
    private async Task<IReadOnlyList<Turn>> ReadNewestAsync(
        MessageCache kept, ConversationKey conversation, (int From, int To) range, int limit, CancellationToken cancellation)
    {
        var (itself, held) = (FindItemAsync(conversation, cancellation), kept.FindAsync(conversation, range.To, limit));
        await Task.WhenAll(itself, held);
        if (await itself is not { IsDeleted: false } item)
        {
            return [];
        }

        var good = await held is { } found && found.IsTrueAt(item) ? found : null;
        if (good?.Whole(item, range.To, limit) is { } page)
        {
            return page;
        }

        var read = await ToTurnsAsync(conversation, await CurrentAsync(conversation, range, limit, backward: true, cancellation), cancellation);
        kept.Keep(conversation, item, good, read);
        return read;
    }

    private async Task<IReadOnlyList<Turn>> ToTurnsAsync(ConversationKey conversation, IReadOnlyList<(TurnItem Turn, int Versions)> page, CancellationToken cancellation)
    {
        var text = await texts.ReadAllAsync(conversation, page.SelectMany(turn => new[] { turn.Turn.Question, turn.Turn.Content }), cancellation);
        return [.. page.Select(turn => turn.Turn.ToTurn(conversation.ConversationId, turn.Versions, text))];
    }

    /// <summary>The current answers of a range's turns, and how many each turn has.</summary>
    private async Task<IReadOnlyList<(TurnItem Turn, int Versions)>> CurrentAsync(
        ConversationKey conversation, (int From, int To) range, int limit, bool backward, CancellationToken cancellation)
    {
        var page = new List<(TurnItem, int)>();
        var versions = new List<TurnItem>();
        await foreach (var item in calls.QueryAsync(HistoryKeys.Turns(conversation, range.From, range.To), backward ? limit : limit + 1, backward, null, cancellation))
        {
            var turn = new TurnItem(item);
            if (turn.IsGone)
            {
                continue;
            }

            if (versions.Count > 0 && versions[0].Place.Turn != turn.Place.Turn)
            {
                Close();
            }

            if (page.Count == limit)
            {
                break;
            }

            versions.Add(turn);
            if (backward && turn.Place.Version == 1)
            {
                // Nothing of this turn comes after its first answer: no need to look.
                Close();
                if (page.Count == limit)
                {
                    break;
                }
            }
        }

        if (versions.Count > 0)
        {
            Close();
        }

        return page;

        void Close()
        {
            page.Add((TurnItem.Current(versions), versions.Count));
            versions.Clear();
        }
    }
}
