using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;

namespace CloudIa.Core.Intake;

/// <summary>Takes a wish to stop: the history decides, the bus brings it to the worker at once.</summary>
public sealed class StopDesk(IConversationStore store, IDeliveryBus bus, TimeProvider time)
{
    /// <summary>The job as it is after the wish was written; null where it is not the owner's.</summary>
    public async Task<StopResult?> StopAsync(JobKey job, CancellationToken cancellation)
    {
        var result = await store.RequestStopAsync(job, time.GetUtcNow(), cancellation);
        if (result is { EndedNow: true })
        {
            await bus.EndAsync(job, TurnEvents.End(result.Turn, sessionId: null, traceId: null), cancellation);
        }
        else if (result is { Turn.End: null })
        {
            await bus.SignalStopAsync(job, cancellation);
        }

        return result;
    }
}
