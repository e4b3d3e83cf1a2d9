using System.Collections.Concurrent;
using CloudIa.Core.Delivery.Relay;

namespace CloudIa.Tests.Gateway.Relay;

/// <summary>A register for one courier, which a test fills.</summary>
internal sealed class ListedRegistry : IRelayRegistry, IDisposable
{
    private readonly SemaphoreSlim something = new(0);

    public ConcurrentQueue<RelayedConnection> Waiting { get; } = new();

    public ConcurrentQueue<RelayedConnection> Orphans { get; } = new();

    public ConcurrentQueue<RelayAsk> Asks { get; } = new();

    public ConcurrentBag<string> Forgotten { get; } = [];

    public ConcurrentBag<RelayedConnection> Renewed { get; } = [];

    /// <summary>Whether the courier is known in the next round.</summary>
    public bool Knows { get; set; } = true;

    public void Wake() => something.Release();

    public void Dispose() => something.Dispose();

    public ValueTask<bool> OpenAsync(RelayedConnection connection, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<(bool Answered, RelayedConnection? Connection)> FindAsync(string id, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<bool> AskAsync(RelayAsk ask, CancellationToken cancellation) => throw new NotSupportedException();

    public ValueTask<CourierRound?> RoundAsync(int most, CancellationToken cancellation)
    {
        var round = new CourierRound(Knows, Drain(Waiting), Drain(Orphans), Drain(Asks));
        Knows = true;
        return ValueTask.FromResult<CourierRound?>(round);
    }

    public async ValueTask WaitAsync(TimeSpan longest, CancellationToken cancellation) => await something.WaitAsync(cancellation);

    public ValueTask RenewAsync(IReadOnlyCollection<RelayedConnection> carried, CancellationToken cancellation)
    {
        foreach (var one in carried)
        {
            Renewed.Add(one);
        }

        return ValueTask.CompletedTask;
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
