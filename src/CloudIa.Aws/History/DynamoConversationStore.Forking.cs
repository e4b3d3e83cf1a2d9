using System.Globalization;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;

namespace CloudIa.Aws.History;

/// <summary>Copies of conversations: the turns are written first, and the conversation's item, without which nobody sees them, last.</summary>
public sealed partial class DynamoConversationStore
{
    /// <summary>Turns that are read, and written, at a time.</summary>
    private const int CopiedAtOnce = 50;

    /// <summary>Characters of a conversation's name that its copied jobs' names begin with: their place in time.</summary>
    private const int NameLength = 24;

    public Task<ForkResult> ForkAsync(ConversationKey conversation, int turn, string newConversationId, DateTimeOffset now, CancellationToken cancellation) =>
        WriteAsync(limited => ForkWithinAsync(conversation, turn, conversation with { ConversationId = newConversationId }, now, limited), cancellation, CallsOfALongOperation);

    private async Task<ForkResult> ForkWithinAsync(ConversationKey source, int last, ConversationKey fork, DateTimeOffset now, CancellationToken cancellation)
    {
        if (await FindItemAsync(source, cancellation) is not { IsDeleted: false } original)
        {
            return new ForkResult.NotFound();
        }

        if (last > original.LastTurn)
        {
            return new ForkResult.BeyondLast(original.LastTurn);
        }

        // Known before anything is written: what has no end is open.
        if (await IsBusyAsync(source, last, await OpenTurnsAsync(source, original, cancellation), cancellation))
        {
            return new ForkResult.Busy();
        }

        for (var from = 1; from <= last; from += CopiedAtOnce)
        {
            var page = await CurrentAsync(source, (from, Math.Min(last, from + CopiedAtOnce - 1)), CopiedAtOnce, backward: false, cancellation);
            if (page.Any(turn => !turn.Turn.HasEnded) || page.Count < Math.Min(last, from + CopiedAtOnce - 1) - from + 1)
            {
                return new ForkResult.Busy();
            }

            await CopyAsync(source, fork, page.Select(turn => turn.Turn), cancellation);
        }

        var title = original.ToConversation("", null).Title;
        var made = DynamoWrite.Update(HistoryKeys.Conversation(fork)).IfNew()
            .Set(ConversationItem.Title, Field.Of(title))
            .Set(ConversationItem.Named, Field.Of(1))
            .Set(ConversationItem.CreatedAt, Field.Of(now))
            .Set(ConversationItem.UpdatedAt, Field.Of(now))
            .Set(ConversationItem.Turns, Field.Of(last))
            .Set(ConversationItem.Accepted, Field.Of(last))
            .Set(ConversationItem.Revision, Field.Of(0))
            .Set(ConversationItem.ForkedFrom, Field.Of(source.ConversationId))
            .Set(ConversationItem.ForkedTurn, Field.Of(last));
        if (original.SystemPrompt is { } prompt)
        {
            await SetPromptAsync(made, fork, await texts.ReadAsync(source, prompt, cancellation), cancellation);
        }

        // Where it is there, this is the same call, made again.
        var item = await calls.WriteAsync(made, cancellation) is { } written ? new ConversationItem(written) : await FindItemAsync(fork, cancellation);
        return item is { IsDeleted: false } ? new ForkResult.Forked(await ToConversationAsync(fork, item, cancellation)) : new ForkResult.NotFound();
    }

    private async Task<bool> IsBusyAsync(ConversationKey source, int last, IReadOnlyDictionary<string, TurnItem> open, CancellationToken cancellation)
    {
        foreach (var turn in open.Values.Where(turn => !turn.HasEnded && turn.Place.Turn <= last))
        {
            if (!TurnItem.Current(await VersionsAsync(source, turn.Place.Turn, cancellation)).HasEnded)
            {
                return true;
            }
        }

        return false;
    }

    private async Task CopyAsync(ConversationKey source, ConversationKey fork, IEnumerable<TurnItem> turns, CancellationToken cancellation)
    {
        var items = new List<Item>();
        foreach (var turn in turns)
        {
            var text = await texts.ReadAllAsync(source, [turn.Question, turn.Content], cancellation);
            var copy = turn.ToTurn(fork.ConversationId, 1, text);
            var place = new TurnPlace(turn.Place.Turn, 1);
            var job = new JobItem
            {
                Key = new JobKey(fork.Owner, JobOf(fork, place.Turn)),
                ConversationId = fork.ConversationId,
                Message = turn.Question,
                Model = copy.Model,
                Fingerprint = "",
                AcceptedAt = copy.AcceptedAt,
                TurnsBefore = place.Turn - 1,
                Place = place,
            };
            job = job with { Message = JobItem.MessageOf(job.Key, copy.Message) };
            var content = TurnItem.ContentOf(job.Key.JobId, copy.Attempt, copy.End!);
            var end = TurnItem.End(copy.End!, content, Identifiers.NewSecret());
            items.AddRange(StoredTexts.Items(fork, job.Message));
            items.AddRange(StoredTexts.Items(fork, content));
            items.Add(job.ToItem());
            items.Add(TurnItem.New(job, place, copy.Attempt, copy.AskedAt, end));
        }

        // Few at a time: what is long fills a call.
        foreach (var some in items.Chunk(10))
        {
            await calls.WriteAllAsync(some, [], cancellation);
        }
    }

    private static string JobOf(ConversationKey fork, int turn) => string.Create(
        CultureInfo.InvariantCulture, $"{fork.ConversationId[..Math.Min(NameLength, fork.ConversationId.Length)]}{turn:x8}");
}
