using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.History;

/// <summary>Where a job's answer stands in its conversation: as the next turn, or as the next version of one.</summary>
public sealed partial class DynamoConversationStore
{
    private readonly ConversationLanes lanes = new();

    /// <summary>A job that is to have a place.</summary>
    /// <param name="Job">The job, which the table knows.</param>
    /// <param name="Conversation">Its conversation as it was read; null where there is none yet.</param>
    /// <param name="Message">Its text, where the conversation begins with it.</param>
    /// <param name="SystemPrompt">Likewise.</param>
    /// <param name="Attempt">1, or 0 for one that ends at once.</param>
    /// <param name="End">How that one ends.</param>
    private sealed record Taking(JobItem Job, ConversationItem? Conversation, string Message, string? SystemPrompt, int Attempt, TurnEnd? End)
    {
        /// <summary>The conversation's revision since this takes its place.</summary>
        public long Revision => (Conversation?.Rev ?? 0) + 1;

        public (string, Amazon.DynamoDBv2.Model.AttributeValue) RevisionAttribute => (TurnItem.Revision, Field.Of(Revision));

        public IReadOnlyList<(string, Amazon.DynamoDBv2.Model.AttributeValue)> EndAttributes { get; } =
            End is null ? [] : [.. TurnItem.End(End, TurnItem.ContentOf(Job.Key.JobId, Attempt, End), Identifiers.NewSecret())];
    }

    /// <summary>A place that was taken; none where there is no turn to make a version of.</summary>
    private readonly record struct Taken(TurnPlace Place)
    {
        public bool IsNone => Place.Turn == 0;
    }

    /// <summary>Gives a job its place, and its turn there. Null: somebody was faster, look again.</summary>
    private Task<Taken?> TakePlaceAsync(Taking taking, CancellationToken cancellation) =>
        taking.Job.Turn is { } turn ? TakeVersionAsync(taking, turn, cancellation) : TakeTurnAsync(taking, cancellation);

    private async Task<Taken?> TakeTurnAsync(Taking taking, CancellationToken cancellation)
    {
        var place = new TurnPlace((taking.Conversation?.LastTurn ?? 0) + 1, 1);
        var take = await TakeAsync(taking, place, cancellation);
        take.Set(ConversationItem.Turns, Field.Of(place.Turn));
        if (await calls.WriteAsync(take, cancellation) is null
            || !await WriteTurnAsync(taking.Job, place, taking.Attempt, askedAt: null, [taking.RevisionAttribute, .. taking.EndAttributes], cancellation))
        {
            return null;
        }

        var expected = taking.Conversation?.Waiting.TryGetValue(taking.Job.Key.JobId, out var waited) == true
            ? new TurnPlace(waited.Expected, 1)
            : taking.Job.Place;
        if (expected != place)
        {
            await RememberPlaceAsync(taking.Job.Key, place, cancellation);
        }

        return new Taken(place);
    }

    private async Task<Taken?> TakeVersionAsync(Taking taking, int turn, CancellationToken cancellation)
    {
        var job = taking.Job;
        var versions = await VersionsAsync(job.Conversation, turn, cancellation);
        if (versions.Count == 0)
        {
            return new Taken();
        }

        var place = new TurnPlace(turn, versions[^1].Place.Version + 1);
        var item = TurnItem.New(job, place, taking.Attempt, versions[0].Asked ?? versions[0].Accepted, taking.EndAttributes);
        DynamoWrite[] writes =
        [
            await TakeAsync(taking, place, cancellation),
            DynamoWrite.Put(item).IfNew(),
            DynamoWrite.Update(HistoryKeys.Job(job.Key)).Set(JobItem.At, Field.Of(place.ToString())).IfThere(),
        ];
        return await calls.WriteTogetherAsync(writes, cancellation) ? new Taken(place) : null;
    }

    /// <summary>
    /// The write that takes a place, on the conversation as it was read. Every number that was taken before has its turn
    /// then, and what has ended since is no longer open.
    /// </summary>
    private async Task<DynamoWrite> TakeAsync(Taking taking, TurnPlace place, CancellationToken cancellation)
    {
        var (job, conversation) = (taking.Job, taking.Conversation);
        var take = DynamoWrite.Update(HistoryKeys.Conversation(job.Conversation));
        var order = conversation?.Waiting.TryGetValue(job.Key.JobId, out var waited) == true ? waited.Order : (conversation?.Seq ?? 0) + 1;
        if (conversation is null)
        {
            // Its mark may have come since, which says the same of the conversation; whatever else came is looked at.
            take.IfNewOr(with => with
                .IfIs(ConversationItem.WaitingName(job.Key.JobId), Field.Of(new WaitingJob(order, job.AcceptedAt, place.Turn).ToString()))
                .IfIs(ConversationItem.Revision, Field.Of(0))
                .IfMissing(ConversationItem.Changed));
            await BringAsync(take, job, taking.Message, taking.SystemPrompt, cancellation);
            take.SetIfMissing(ConversationItem.Accepted, Field.Of(order))
                .Set(ConversationItem.UpdatedAt, Field.Of(job.AcceptedAt))
                .Set(ConversationItem.WaitingName(job.Key.JobId), null);
        }
        else
        {
            take.IfIs(ConversationItem.Revision, Field.Of(conversation.Rev)).IfMissing(ConversationItem.DeletedAt);
            take.Set(ConversationItem.UpdatedAt, Field.Of(conversation.NewestBegun > job.AcceptedAt ? conversation.NewestBegun.Value : job.AcceptedAt));

            // Its mark may have come since the conversation was read: marks are no new revision.
            take.Set(ConversationItem.WaitingName(job.Key.JobId), null);
            if (!conversation.Waiting.ContainsKey(job.Key.JobId))
            {
                take.Add(ConversationItem.Accepted, 1);
            }

            foreach (var ended in await CloseAsync(job.Conversation, conversation, cancellation))
            {
                take.Set(ConversationItem.OpenName(ended), null);
            }
        }

        return take
            .Set(ConversationItem.OpenName(job.Key.JobId), Field.Of(new OpenJob(order, place).ToString()))
            .Set(ConversationItem.Revision, Field.Of(taking.Revision));
    }

    /// <summary>The open jobs of a conversation that have ended. One whose turn was never written gets it.</summary>
    private async Task<IReadOnlyList<string>> CloseAsync(ConversationKey key, ConversationItem conversation, CancellationToken cancellation)
    {
        var turns = await OpenTurnsAsync(key, conversation, cancellation);
        var ended = new List<string>();
        foreach (var (jobId, open) in conversation.Open)
        {
            if (turns.TryGetValue(jobId, out var turn))
            {
                if (turn.HasEnded)
                {
                    ended.Add(jobId);
                }
            }
            else if (await FindJobAsync(new JobKey(key.Owner, jobId), cancellation) is { } job)
            {
                await WriteTurnAsync(job, open.Place, attempt: 0, askedAt: null, [], cancellation);
            }
        }

        return ended;
    }

    /// <summary>The turns of a conversation's open jobs, by job.</summary>
    private async Task<IReadOnlyDictionary<string, TurnItem>> OpenTurnsAsync(ConversationKey key, ConversationItem conversation, CancellationToken cancellation)
    {
        if (conversation.Open.Count == 0)
        {
            return new Dictionary<string, TurnItem>();
        }

        var items = await calls.GetAllAsync(conversation.Open.Values.Select(open => HistoryKeys.Turn(key, open.Place)), cancellation);
        return items.Values.Select(item => new TurnItem(item)).Where(turn => !turn.IsGone).ToDictionary(turn => turn.Job);
    }

    /// <summary>Writes a turn into its place. False where it is there.</summary>
    private async Task<bool> WriteTurnAsync(
        JobItem job,
        TurnPlace place,
        int attempt,
        DateTimeOffset? askedAt,
        IEnumerable<(string, Amazon.DynamoDBv2.Model.AttributeValue)> more,
        CancellationToken cancellation) =>
        await calls.WriteAsync(DynamoWrite.Put(TurnItem.New(job, place, attempt, askedAt, more)).IfNew(), cancellation) is not null;

    private Task RememberPlaceAsync(JobKey job, TurnPlace place, CancellationToken cancellation) =>
        calls.WriteAsync(DynamoWrite.Update(HistoryKeys.Job(job)).Set(JobItem.At, Field.Of(place.ToString())).IfThere(), cancellation);

    /// <summary>The place of a job that may have one. Null for one that has none.</summary>
    private async Task<TurnPlace?> PlaceInAsync(JobItem job, ConversationItem conversation, CancellationToken cancellation) =>
        conversation.Open.TryGetValue(job.Key.JobId, out var open) ? open.Place
            : conversation.Waiting.ContainsKey(job.Key.JobId) ? null
            : await LocateAsync(job, conversation, cancellation);

    /// <summary>Looks for the turn of a job that is neither waiting nor open: where it was expected, then among all that came after it was known.</summary>
    private async Task<TurnPlace?> LocateAsync(JobItem job, ConversationItem? conversation, CancellationToken cancellation)
    {
        if (conversation is null)
        {
            return null;
        }

        if (job.Turn is { } answered)
        {
            return Of(await VersionsAsync(job.Conversation, answered, cancellation));
        }

        if (job.TurnsBefore >= conversation.LastTurn)
        {
            return null;
        }

        if (job.Place.Turn > 0 && Of(await VersionsAsync(job.Conversation, job.Place.Turn, cancellation)) is { } expected)
        {
            return expected;
        }

        var range = HistoryKeys.Turns(job.Conversation, job.TurnsBefore + 1, conversation.LastTurn);
        await foreach (var item in calls.QueryAsync(range, 100, backward: false, [DynamoTable.PartitionKey, DynamoTable.SortKey, TurnItem.JobId], cancellation))
        {
            if (item.Text(TurnItem.JobId) == job.Key.JobId)
            {
                return new TurnItem(item).Place;
            }
        }

        return null;

        TurnPlace? Of(IReadOnlyList<TurnItem> versions) => versions.FirstOrDefault(version => version.Job == job.Key.JobId)?.Place;
    }
}
