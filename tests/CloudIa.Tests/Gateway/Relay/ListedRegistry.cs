using System.Collections.Concurrent;
using CloudIa.Core.Delivery.Relay;

namespace CloudIa.Tests.Gateway.Relay;

/// <summary>A register for one courier, which a test fills.</summary>
internal sealed class ListedRegistry : IRelayRegistry, IDisposable
{
    private readonly SemaphoreSlim something = new(0);
    private int forgets;

    public ConcurrentQueue<RelayedConnection> Waiting { get; } = new();

    public ConcurrentQueue<RelayedConnection> Orphans { get; } = new();

    public ConcurrentQueue<RelayAsk> Asks { get; } = new();

    public ConcurrentBag<string> Forgotten { get; } = [];

    public ConcurrentBag<RelayedConnection> Renewed { get; } = [];

    /// <summary>In the next round the courier is unknown.</summary>
    public void Forget() => Interlocked.Exchange(ref forgets, 1);

    public void Wake() => something.Release();

    public void Dispose() => something.Dispose();

    public ValueTask<bool> OpenAsync(RelayedConnection connection, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<RelayFinding> FindAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<bool> AskAsync(RelayAsk ask, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<CourierRound?> RoundAsync(int most, CancellationToken cancellation)
    {
        var known = Interlocked.Exchange(ref forgets, 0) == 0;
        return ValueTask.FromResult<CourierRound?>(new CourierRound(known, Drain(Waiting), Drain(Orphans), Drain(Asks)));
    }

    public async ValueTask WaitAsync(TimeSpan longest, CancellationToken cancellation) => await something.WaitAsync(cancellation);

    public ValueTask<bool> RenewAsync(IReadOnlyCollection<RelayedConnection> carried, CancellationToken cancellation)
    {
        foreach (var one in carried)
        {
            Renewed.Add(one);
        }

        return ValueTask.FromResult(true);
    }

    public ValueTask ForgetAsync(string id)
    {
        Forgotten.Add(id);
        return ValueTask.CompletedTask;
    }

    private static List<T> Drain<T>(ConcurrentQueue<T> queue)
    {
        var taken = new List<T>();
        while (queue.TryDequeue(out var one))
        {
            taken.Add(one);
        }

        return taken;
    }
}
