using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;

namespace CloudIa.Core.Work;

/// <summary>
/// Looks into the history for a stop while an answer is made, where the word of it may be lost: for the wish, or for the
/// end that somebody else gave the job because no worker was heard of. A deleted conversation is one, too.
/// </summary>
internal sealed class StopLookout : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>Of so many looks one is taken while words are only seldom lost.</summary>
    private const int Seldom = 5;

    private readonly CancellationTokenSource ended = new();
    private readonly Task looking;

    /// <param name="bus">Says how far its words can be trusted.</param>
    /// <param name="store">The history.</param>
    /// <param name="job">The job.</param>
    /// <param name="stop">Who is told.</param>
    /// <param name="time">The clock.</param>
    public StopLookout(IDeliveryBus bus, IConversationStore store, JobKey job, StopListener stop, TimeProvider time) =>
        looking = bus.State == DeliveryState.Sure ? Task.CompletedTask : LookAsync(bus, store, job, stop, time);

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await looking;
        ended.Dispose();
    }

    private async Task LookAsync(IDeliveryBus bus, IConversationStore store, JobKey job, StopListener stop, TimeProvider time)
    {
        for (var looks = 1; !ended.IsCancellationRequested; looks++)
        {
            try
            {
                await Task.Delay(Every, time, ended.Token);
                if ((bus.State == DeliveryState.Away || looks % Seldom == 0)
                    && await store.FindAsync(job, ended.Token) is null or { StopAsked: true } or { End: not null })
                {
                    stop.Take();
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                // The answer ended first.
            }
            catch (HistoryUnavailableException)
            {
                // Another look is to come.
            }
        }
    }
}
