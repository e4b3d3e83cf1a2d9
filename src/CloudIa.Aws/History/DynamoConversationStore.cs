using Amazon.DynamoDBv2;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Aws.History;

/// <summary>
/// The history in one table (docs/ARCHITECTURE.md lists its keys). This part begins, postpones and finishes.
/// <para>A job's place is taken by one conditional write of its conversation's item, and shown by the turn's own item, which
/// is written next. Whoever finds a place without its turn writes the turn, so that a process that dies between the two
/// leaves no gap.</para>
/// <para>A write that has begun is not given up because its caller went away: it ends, or its time does.</para>
/// </summary>
public sealed partial class DynamoConversationStore : IConversationStore
{
    /// <summary>What a whole operation may take, in time limits of one call.</summary>
    private const int CallsOfAnOperation = 3;

    /// <summary>The same for what grows with a conversation: its removal, its copy, and a search.</summary>
    private const int CallsOfALongOperation = 60;

    private readonly DynamoCalls calls;
    private readonly StoredTexts texts;
    private readonly MessageCache? cache;
    private readonly TimeProvider time;
    private readonly TimeSpan limit;

    /// <param name="client">The engine's client.</param>
    /// <param name="options">The table's name, and how long a call may take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cache">Where the newest turns are kept, too; null: nowhere.</param>
    public DynamoConversationStore(IAmazonDynamoDB client, AwsOptions options, TimeProvider time, MessageCache? cache)
    {
        this.cache = cache;
        limit = TimeSpan.FromMilliseconds(options.TableMilliseconds);
        calls = new DynamoCalls(client, options.Table, limit * CallsOfAnOperation, time);
        texts = new StoredTexts(calls);
        this.time = time;
    }

    /// <summary>What this store's calls have cost.</summary>
    internal ConsumedUnits Units => calls.Units;

    public Task<BeginResult> BeginAsync(JobMessage job, CancellationToken cancellation) =>
        WriteAsync(limited => BeginAsync(job, JobItem.Of(job), limited), cancellation);

    public Task<bool> PostponeAsync(JobMessage job, int attempt, JobStatus waits, CancellationToken cancellation) =>
        WriteAsync(limited => PostponeAsync(job.Key, attempt, waits, limited), cancellation);

    public Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation) =>
        WriteAsync(limited => FinishWithinAsync(job, attempt, end, limited), cancellation);

    private async Task<BeginResult> BeginAsync(JobMessage job, JobItem item, CancellationToken cancellation)
    {
        using var turn = await lanes.EnterAsync(job.Conversation, cancellation);
        for (var tries = 0; ; tries++)
        {
            // At once the first time: who was faster was most likely the mark of this very message.
            await calls.PauseAsync(tries - 1, cancellation);
            var (conversation, known) = await FindBothAsync(job, cancellation);
            if (conversation is { IsDeleted: true } || (conversation is null && job.Turn is not null))
            {
                return new BeginResult.Deleted();
            }

            var waits = conversation?.Waiting.ContainsKey(job.JobId) == true;
            TurnPlace? place = conversation?.Open.TryGetValue(job.JobId, out var open) == true ? open.Place : null;
            if (known is not { IsWithdrawn: false } && (waits || place is not null))
            {
                // Its conversation was read after itself, and a job is recorded before its conversation names it.
                known = await FindJobAsync(job.Key, cancellation);
            }

            if (known is { IsWithdrawn: false, Fingerprint.Length: > 0 } && job.Fingerprint.Length > 0 && known.Fingerprint != job.Fingerprint)
            {
                return new BeginResult.Another();
            }

            if (place is null && !waits)
            {
                if (known is { IsWithdrawn: false } && known.ConversationId != job.ConversationId)
                {
                    // Whatever a message says: a job stays where it was first.
                    (job, item) = (job with { ConversationId = known.ConversationId }, known);
                    continue;
                }

                if (known is { IsWithdrawn: false })
                {
                    // Or the place would be written to the job once more, though it is the one that was expected.
                    item = item with { TurnsBefore = known.TurnsBefore, Place = known.Place };
                }

                place = known is null ? null : await LocateAsync(known, conversation, cancellation);
                if (place is null && known is null or { IsWithdrawn: true }
                    && await RecordJobAsync(item = Expecting(item, conversation), cancellation) is false)
                {
                    continue;
                }
            }

            if (place is { } found)
            {
                if (await BeginAgainAsync(job, item, found, conversation!, cancellation) is { } begun)
                {
                    return begun;
                }
            }
            else if (await TakePlaceAsync(new Taking(item, conversation, job.Message, job.SystemPrompt, Attempt: 1, End: null), cancellation) is { } taken)
            {
                if (taken.IsNone)
                {
                    return new BeginResult.Deleted();
                }

                return new BeginResult.Started(taken.Place.Turn, 1, taken.Place.Version, await PromptAsync(job, conversation, cancellation));
            }
        }
    }

    /// <summary>The next attempt of a job that has its place. Null: look again.</summary>
    private async Task<BeginResult?> BeginAgainAsync(JobMessage job, JobItem item, TurnPlace place, ConversationItem conversation, CancellationToken cancellation)
    {
        var key = HistoryKeys.Turn(job.Conversation, place);
        var next = DynamoWrite.Update(key)
            .Add(TurnItem.Attempt, 1)
            .Set(TurnItem.Status, Field.Of(nameof(JobStatus.Running)))
            .IfIs(TurnItem.JobId, Field.Of(job.JobId))
            .IfMissing(TurnItem.EndedAt)
            .IfAtLeast(TurnItem.Redrives, job.Redrives);
        if (await calls.WriteAsync(next, cancellation) is { } begun)
        {
            return Begun(new TurnItem(begun), await PromptAsync(job, conversation, cancellation));
        }

        if (await calls.GetAsync(key, cancellation) is not { } stored)
        {
            // Its process died between the two writes.
            return await WriteTurnAsync(item, place, attempt: 1, askedAt: null, [], cancellation)
                ? new BeginResult.Started(place.Turn, 1, place.Version, await PromptAsync(job, conversation, cancellation))
                : null;
        }

        var turn = new TurnItem(stored);
        if (turn.IsGone || turn.Job != job.JobId)
        {
            return null;
        }

        return turn.Redriven < job.Redrives && (!turn.HasEnded || turn.State == JobStatus.Failed)
            ? await TakeRedriveAsync(job, turn, conversation, cancellation)
            : turn.HasEnded ? new BeginResult.Finished((await ToTurnsAsync(job.Conversation, [turn], cancellation))[0])
            : null;
    }

    /// <summary>Forgets a job's failure, and the attempts until then, where its message was redriven since.</summary>
    private async Task<BeginResult?> TakeRedriveAsync(JobMessage job, TurnItem turn, ConversationItem conversation, CancellationToken cancellation)
    {
        var begin = DynamoWrite.Update(turn.Key)
            .Set(TurnItem.Attempt, Field.Of(turn.Attempts + 1))
            .Set(TurnItem.Uncounted, Field.Of(turn.Attempts))
            .Set(TurnItem.Redrives, Field.Of(job.Redrives))
            .Set(TurnItem.Status, Field.Of(nameof(JobStatus.Running)))
            .IfIs(TurnItem.Attempt, Field.Of(turn.Attempts))
            .IfLess(TurnItem.Redrives, job.Redrives);
        if (turn.HasEnded)
        {
            begin.Set(TurnItem.StopAsked, null).IfIs(TurnItem.Status, Field.Of(nameof(JobStatus.Failed)));
            foreach (var attribute in TurnItem.OfEnd)
            {
                begin.Set(attribute, null);
            }
        }
        else
        {
            begin.IfMissing(TurnItem.EndedAt);
        }

        var order = conversation.Open.TryGetValue(job.JobId, out var open) ? open.Order : conversation.Seq;
        var reopen = DynamoWrite.Update(HistoryKeys.Conversation(job.Conversation))
            .Set(ConversationItem.OpenName(job.JobId), Field.Of(new OpenJob(order, turn.Place).ToString()))
            .Add(ConversationItem.Revision, 1)
            .IfIs(ConversationItem.Revision, Field.Of(conversation.Rev));
        if (!await calls.WriteTogetherAsync([begin, reopen], cancellation))
        {
            return null;
        }

        await texts.RemoveAsync(job.Conversation, turn.Content, cancellation);
        var (attempt, prompt) = (turn.Attempts + 1, await PromptAsync(job, conversation, cancellation));
        return turn is { IsStopAsked: true, HasEnded: false }
            ? new BeginResult.StopAsked(turn.Place.Turn, attempt)
            : new BeginResult.Started(turn.Place.Turn, attempt, turn.Place.Version, prompt) { Counted = 1 };
    }

    private static BeginResult Begun(TurnItem turn, string? systemPrompt) => turn.IsStopAsked
        ? new BeginResult.StopAsked(turn.Place.Turn, turn.Attempts)
        : new BeginResult.Started(turn.Place.Turn, turn.Attempts, turn.Place.Version, systemPrompt) { Counted = turn.Attempts - turn.NotCounted };

    private async Task<bool> PostponeAsync(JobKey key, int attempt, JobStatus waits, CancellationToken cancellation)
    {
        if (await FindPlaceAsync(key, cancellation) is not { } job)
        {
            return false;
        }

        if (job.Place is not { } place)
        {
            var wait = DynamoWrite.Update(HistoryKeys.Job(key)).IfThere()
                .Set(JobItem.Status, waits == JobStatus.Deferred ? Field.Of(nameof(JobStatus.Deferred)) : null);
            return attempt == 0 && await calls.WriteAsync(wait, cancellation) is not null;
        }

        var postpone = DynamoWrite.Update(HistoryKeys.Turn(job.Item.Conversation, place))
            .Set(TurnItem.Status, Field.Of(waits.ToString()))
            .IfIs(TurnItem.JobId, Field.Of(key.JobId))
            .IfMissing(TurnItem.EndedAt);
        if (attempt != 0)
        {
            postpone.Add(TurnItem.Uncounted, 1).IfIs(TurnItem.Attempt, Field.Of(attempt));
        }

        return await calls.WriteAsync(postpone, cancellation) is not null;
    }
}
