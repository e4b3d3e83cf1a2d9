using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Core.Intake;

/// <summary>Takes a wish to stop: the history decides, the bus brings it to the worker at once.</summary>
public sealed class StopDesk(IConversationStore store, IDeliveryBus bus, IJobQueue queue, IQuota quota, TimeProvider time)
{
    /// <summary>Messages before it that one interruption stops: more than an owner can have in flight.</summary>
    private const int MaxInterrupted = 1000;

    /// <summary>
    /// The job as it is after the wish was written; null where it is not the owner's. Once it is written it is carried
    /// out, whether or not the caller still waits.
    /// </summary>
    public async Task<StopResult?> StopAsync(JobKey job, CancellationToken cancellation)
    {
        var result = await store.RequestStopAsync(job, time.GetUtcNow(), cancellation);
        if (result is { EndedNow: true })
        {
            await TellAsync(job, result.Turn);
            if (bus.State != DeliveryState.Sure)
            {
                // The node that put it back may be another, and hears of it.
                await bus.SignalStopAsync(job, CancellationToken.None);
            }
        }
        else if (result is { Turn.End: null } && IsNobodys(result.Turn, await bus.SignalStopAsync(job, CancellationToken.None)))
        {
            return await EndAsync(job, result.Turn);
        }

        return result;
    }

    /// <summary>With the signals away, what runs is left to its worker, which has the text; what waits for a provider has none.</summary>
    private static bool IsNobodys(Turn turn, StopSignal signal) =>
        signal == StopSignal.Unheard || (signal == StopSignal.Unknown && turn.Status == JobStatus.Deferred);

    /// <summary>Stops what is unfinished in a job's conversation and was there before it, so that it is next.</summary>
    public async Task InterruptForAsync(JobMessage job, CancellationToken cancellation)
    {
        var unfinished = await store.ReadUnfinishedAsync(job.Conversation, MaxInterrupted, cancellation);
        if (unfinished.Count < MaxInterrupted && unfinished.All(turn => turn.JobId != job.JobId))
        {
            // It has ended already: what is left came later.
            return;
        }

        // What waits goes first: once what runs is stopped, the next would begin.
        foreach (var earlier in unfinished.TakeWhile(turn => turn.JobId != job.JobId).OrderBy(turn => turn.Attempt > 0))
        {
            await StopAsync(new JobKey(job.Owner, earlier.JobId), cancellation);
        }
    }

    /// <summary>
    /// Ends a job that nobody runs: it waits between two attempts, or its worker died. What was shown of it is kept.
    /// An attempt that begins meanwhile finds the wish and ends it, and this end is refused.
    /// </summary>
    private async Task<StopResult> EndAsync(JobKey job, Turn turn)
    {
        var shown = await bus.ReadAsync(job, new Position(turn.Attempt, 0), CancellationToken.None);
        var end = TurnEnd.Stopped(shown?.Text ?? "", time.GetUtcNow());
        if (!await store.FinishAsync(job, turn.Attempt, end, CancellationToken.None))
        {
            return new StopResult(await store.FindAsync(job, CancellationToken.None) ?? turn, EndedNow: false);
        }

        var stopped = turn with { Status = end.Status, StopAsked = false, End = end };
        await TellAsync(job, stopped);
        return new StopResult(stopped, EndedNow: true);
    }

    private async Task TellAsync(JobKey job, Turn stopped)
    {
        await quota.SettleAsync(job);
        await bus.EndAsync(job, TurnEvents.End(stopped, sessionId: null, traceId: null), CancellationToken.None);

        // Later messages of the conversation need not wait for a retry, or a provider, that it waited for.
        await queue.HastenAsync(new ConversationKey(job.Owner, stopped.ConversationId), CancellationToken.None);
    }
}
