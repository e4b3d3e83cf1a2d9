using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;

namespace CloudIa.Aws.History;

/// <summary>Stops: a waiting job takes its place and ends there, a running one is marked.</summary>
public sealed partial class DynamoConversationStore
{
    public Task<StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation) =>
        WriteAsync(limited => RequestStopWithinAsync(job, now, limited), cancellation);

    private async Task<StopResult?> RequestStopWithinAsync(JobKey key, DateTimeOffset now, CancellationToken cancellation)
    {
        for (var tries = 0; ; tries++)
        {
            await calls.PauseAsync(tries, cancellation);
            if (await FindPlaceAsync(key, cancellation) is not { } job)
            {
                return null;
            }

            if (job.Place is { } place)
            {
                if (await MarkStopAsync(job.Item, place, cancellation) is { } marked)
                {
                    return new StopResult(marked, EndedNow: false);
                }
            }
            else if (await EndWaitingAsync(job.Item, now, cancellation) is { } ended)
            {
                return new StopResult(ended, EndedNow: true);
            }
        }
    }

    /// <summary>The job as it is then; null: look again.</summary>
    private async Task<Turn?> MarkStopAsync(JobItem job, TurnPlace place, CancellationToken cancellation)
    {
        var key = HistoryKeys.Turn(job.Conversation, place);
        var mark = DynamoWrite.Update(key)
            .Set(TurnItem.StopAsked, Field.Of(1))
            .IfIs(TurnItem.JobId, Field.Of(job.Key.JobId))
            .IfMissing(TurnItem.EndedAt);
        var stored = await calls.WriteAsync(mark, cancellation) ?? await calls.GetAsync(key, cancellation);
        if (stored is null)
        {
            // Its number was taken, and its turn is not written yet.
            await WriteTurnAsync(job, place, attempt: 0, askedAt: null, [], cancellation);
            return null;
        }

        var turn = new TurnItem(stored);
        return !turn.IsGone && turn.Job == job.Key.JobId && (turn.HasEnded || turn.IsStopAsked)
            ? (await ToTurnsAsync(job.Conversation, [turn], cancellation))[0]
            : null;
    }

    /// <summary>Its worker will find that it has ended, and call no model. Null: look again.</summary>
    private async Task<Turn?> EndWaitingAsync(JobItem job, DateTimeOffset now, CancellationToken cancellation)
    {
        using var lane = await lanes.EnterAsync(job.Conversation, cancellation);
        var conversation = await FindItemAsync(job.Conversation, cancellation);
        if (conversation is { IsDeleted: true } || (conversation is not null && await PlaceInAsync(job, conversation, cancellation) is not null))
        {
            return null;
        }

        var message = await texts.ReadAsync(job.Conversation, job.Message, cancellation);
        var taking = new Taking(job, conversation, message, SystemPrompt: null, Attempt: 0, TurnEnd.Stopped("", now));
        return await TakePlaceAsync(taking, cancellation) is { IsNone: false } taken
            && await calls.GetAsync(HistoryKeys.Turn(job.Conversation, taken.Place), cancellation) is { } stored
            && new TurnItem(stored) is { IsGone: false } turn
                ? (await ToTurnsAsync(job.Conversation, [turn], cancellation))[0]
                : null;
    }
}
