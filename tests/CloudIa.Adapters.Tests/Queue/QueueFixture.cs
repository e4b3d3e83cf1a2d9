using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Queue;

/// <summary>A queue of a test's own, empty at first, and what the port does not show of its engine.</summary>
public abstract class QueueFixture : IAsyncDisposable
{
    public abstract IJobQueue Queue { get; protected set; }

    /// <summary>The history beside it, which knows what has ended.</summary>
    public abstract IConversationStore Store { get; }

    /// <summary>The queue's clock.</summary>
    public abstract DateTimeOffset Now { get; }

    /// <summary>Whether the engine says that it has a job already, rather than adding nothing without a word.</summary>
    public abstract bool TellsDuplicates { get; }

    /// <summary>Whether the engine says since when the oldest job waits.</summary>
    public abstract bool TellsAge { get; }

    /// <summary>How long a lease holds.</summary>
    public abstract TimeSpan Lease { get; }

    /// <summary>Lets time pass for the queue: turns its clock forward, or waits where its clock is its own.</summary>
    public abstract Task PassAsync(TimeSpan time);

    /// <summary>Returns once a receive has looked for work, so that it either has some or waits for it.</summary>
    public abstract Task WaitsAsync(Task receive);

    /// <summary>The queue as the next process finds it, after this one died without a word. Its leases may end now, or run out.</summary>
    public abstract Task ReopenAsync();

    public abstract ValueTask DisposeAsync();

    /// <summary>What can be leased now; empty where nothing can.</summary>
    public async Task<IReadOnlyList<JobLease>> TakeAsync(int max = 10)
    {
        using var patience = new CancellationTokenSource();
        var receive = Queue.ReceiveAsync(max, patience.Token);
        await WaitsAsync(receive);
        if (!receive.IsCompleted)
        {
            await patience.CancelAsync();
        }

        try
        {
            return await receive;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return [];
        }
    }

    /// <summary>The one lease that can be had now.</summary>
    public async Task<JobLease> TakeOneAsync() => Assert.Single(await TakeAsync());

    /// <summary>Puts jobs into the queue, one after the other.</summary>
    public async Task EnqueueAsync(params IEnumerable<JobMessage> jobs)
    {
        foreach (var job in jobs)
        {
            await Queue.EnqueueAsync(job, CancellationToken.None);
        }
    }

    /// <summary>Works through the queue until it gives nothing: the jobs in the order of their completion.</summary>
    public async Task<List<JobMessage>> DrainAsync()
    {
        var done = new List<JobMessage>();
        while (await TakeAsync(100) is { Count: > 0 } leases)
        {
            done.AddRange(leases.Select(lease => lease.Job));
            Assert.DoesNotContain(false, await Task.WhenAll(leases.Select(lease => Task.Run(() => Queue.CompleteAsync(lease, CancellationToken.None)))));
        }

        return done;
    }
}
