using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;

namespace CloudIa.Core.Work;

/// <summary>A run's ear for stops of its job. A stop that it took, the run answers for; one that it did not, the asker does.</summary>
internal sealed class StopListener : IDisposable
{
    private readonly Lock gate = new();
    private readonly CancellationTokenSource asked = new();
    private readonly IDisposable listening;
    private bool taken;
    private bool closed;

    public StopListener(IDeliveryBus bus, JobKey job) => listening = bus.OnStop(job, Take);

    /// <summary>Cancelled when a stop is asked for.</summary>
    public CancellationToken Asked => asked.Token;

    /// <summary>Takes no more stops; true where one was taken.</summary>
    public bool Close()
    {
        lock (gate)
        {
            closed = true;
            return taken;
        }
    }

    public void Dispose()
    {
        Close();
        listening.Dispose();
        asked.Dispose();
    }

    /// <summary>A stop was asked for. False where it comes too late for this run.</summary>
    public bool Take()
    {
        lock (gate)
        {
            if (closed)
            {
                return false;
            }

            taken = true;
        }

        try
        {
            asked.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The run closed just after: it knows.
        }

        return true;
    }
}
