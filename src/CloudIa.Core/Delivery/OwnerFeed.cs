using System.Diagnostics.CodeAnalysis;
using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>
/// One listener's queue of what happens to an owner. Text is not queued: a feed says that an answer grew, once,
/// until its reader takes the word and reads the text from where it stands. So a slow reader costs a few words,
/// and catches up in one piece.
/// </summary>
public sealed class OwnerFeed : IDisposable
{
    /// <summary>Events kept for a reader that takes none. Beyond it the feed is overrun and must be left.</summary>
    private const int Capacity = 1024;

    private readonly Lock gate = new();
    private readonly Queue<FeedItem> items = new();
    private readonly HashSet<string> grown = [];
    private readonly Action<OwnerFeed> left;
    private TaskCompletionSource? waiter;
    private bool woken;

    public OwnerFeed(string owner, string? onlyJobId, Action<OwnerFeed> left)
    {
        Owner = owner;
        OnlyJobId = onlyJobId;
        this.left = left;
    }

    public string Owner { get; }

    /// <summary>The one job that this feed hears of; null: all of the owner's.</summary>
    public string? OnlyJobId { get; }

    /// <summary>Events were dropped because the reader took none: it must leave, and come back with its positions.</summary>
    public bool Overrun { get; private set; }

    /// <summary>An answer has more text, or its reader should look again.</summary>
    public void Grew(string jobId)
    {
        if (Hears(jobId))
        {
            lock (gate)
            {
                if (grown.Add(jobId))
                {
                    Add_NeedsLock(new FeedItem(jobId, null));
                }
            }
        }
    }

    /// <summary>Something was announced.</summary>
    public void Announce(string? jobId, ServerEvent announced)
    {
        if (jobId is null ? OnlyJobId is null : Hears(jobId))
        {
            lock (gate)
            {
                Add_NeedsLock(new FeedItem(jobId, announced));
            }
        }
    }

    /// <summary>The reader goes on with a job from what its client holds.</summary>
    public void Resume(string jobId, Position from)
    {
        lock (gate)
        {
            Add_NeedsLock(new FeedItem(jobId, null, from));
        }
    }

    /// <summary>Ends a wait without an item: for a timer of the reader's.</summary>
    public void Wake()
    {
        lock (gate)
        {
            Wake_NeedsLock();
        }
    }

    /// <summary>Takes the next item, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out FeedItem? item)
    {
        lock (gate)
        {
            if (!items.TryDequeue(out item))
            {
                return false;
            }

            if (item is { Announced: null, From: null })
            {
                grown.Remove(item.JobId!);
            }

            return true;
        }
    }

    /// <summary>Waits until there is an item or somebody wakes the feed. For one reader.</summary>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        Task wait;
        lock (gate)
        {
            if (items.Count > 0 || woken || Overrun)
            {
                woken = false;
                return;
            }

            waiter ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            wait = waiter.Task;
        }

        await wait.WaitAsync(cancellation);
        lock (gate)
        {
            woken = false;
        }
    }

    public void Dispose() => left(this);

    private bool Hears(string jobId) => OnlyJobId is null || OnlyJobId == jobId;

    private void Add_NeedsLock(FeedItem item)
    {
        if (items.Count >= Capacity)
        {
            Overrun = true;
        }
        else
        {
            items.Enqueue(item);
        }

        Wake_NeedsLock();
    }

    private void Wake_NeedsLock()
    {
        woken = true;
        var waiting = waiter;
        waiter = null;
        waiting?.SetResult();
    }
}

/// <summary>An announcement; or a place to go on from; or, where there is neither, the word that a job's answer grew.</summary>
public sealed record FeedItem(string? JobId, ServerEvent? Announced, Position? From = null);
