using System.Diagnostics.CodeAnalysis;
using System.Threading.Tasks.Sources;
using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>
/// One listener's queue of what happens to an owner. Text is not queued: a feed says that an answer grew, once,
/// until its reader takes the word and reads the text from where it stands; and where the texts of ended answers
/// would fill a slow reader's feed, it says only that they ended, and the history has them. So a slow reader
/// costs a few words, and catches up in one piece. What an idle feed does not need is not made.
/// </summary>
public sealed class OwnerFeed : IValueTaskSource, IDisposable
{
    /// <summary>Events kept for a reader that takes none. Beyond it the feed is overrun and must be left.</summary>
    private const int Capacity = 1024;

    /// <summary>Characters of ended answers that may wait in one feed: 16 KiB.</summary>
    private const int TextKept = 8 * 1024;

    private readonly Lock gate = new();
    private readonly Action<OwnerFeed> left;

    // The first in line, and those behind it: an idle feed has neither.
    private FeedItem? first;
    private Queue<FeedItem>? behind;
    private HashSet<string>? grown;
    private int textKept;
    private ManualResetValueTaskSourceCore<bool> waiter = new() { RunContinuationsAsynchronously = true };
    private bool waits;
    private bool woken;
    private volatile bool looks;

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

    /// <summary>Its reader should leave: it was told to, or the feed is overrun.</summary>
    public bool Closed { get; private set; }

    /// <summary>An answer has more text, or its reader should look again.</summary>
    public void Grew(string jobId)
    {
        if (Hears(jobId))
        {
            lock (gate)
            {
                if ((grown ??= []).Add(jobId))
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
                var text = TextOf(announced);
                if (text > TextKept - textKept)
                {
                    Add_NeedsLock(new FeedItem(jobId, null, Ended: true));
                }
                else
                {
                    textKept += text;
                    Add_NeedsLock(new FeedItem(jobId, announced));
                }
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

    /// <summary>Asks the reader for a sign of life to its client.</summary>
    public void Beat()
    {
        lock (gate)
        {
            if (first is null)
            {
                Add_NeedsLock(FeedItem.Beat);
            }
        }
    }

    /// <summary>A job has ended; the history has how.</summary>
    public void Ended(string jobId)
    {
        if (Hears(jobId))
        {
            lock (gate)
            {
                Add_NeedsLock(new FeedItem(jobId, null, Ended: true));
            }
        }
    }

    /// <summary>Words may have been lost: the reader should look at every answer that its client waits for.</summary>
    public void Look()
    {
        looks = true;
        Wake();
    }

    /// <summary>Whether the reader was told to look since it last asked.</summary>
    public bool TakeLook()
    {
        var told = looks;
        if (told)
        {
            looks = false;
        }

        return told;
    }

    /// <summary>Ends a wait without an item: for a timer of the reader's.</summary>
    public void Wake()
    {
        lock (gate)
        {
            Wake_NeedsLock();
        }
    }

    /// <summary>Tells the reader to leave, whatever still waits for it.</summary>
    public void Close()
    {
        lock (gate)
        {
            Closed = true;
            Wake_NeedsLock();
        }
    }

    /// <summary>Takes the next item, if there is one.</summary>
    public bool TryTake([NotNullWhen(true)] out FeedItem? item)
    {
        lock (gate)
        {
            item = first;
            if (item is null)
            {
                return false;
            }

            first = null;
            behind?.TryDequeue(out first);
            if (item is { Announced: { } announced })
            {
                textKept -= TextOf(announced);
            }
            else if (item is { From: null, Ended: false, JobId: { } jobId })
            {
                grown!.Remove(jobId);
            }

            return true;
        }
    }

    /// <summary>Waits until there is an item or somebody wakes or closes the feed. For one reader, one wait at a time.</summary>
    public ValueTask WaitAsync()
    {
        lock (gate)
        {
            if (first is not null || woken || Closed)
            {
                woken = false;
                return ValueTask.CompletedTask;
            }

            waits = true;
            waiter.Reset();
            return new ValueTask(this, waiter.Version);
        }
    }

    public void Dispose() => left(this);

    void IValueTaskSource.GetResult(short token) => waiter.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => waiter.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        waiter.OnCompleted(continuation, state, token, flags);

    private bool Hears(string jobId) => OnlyJobId is null || OnlyJobId == jobId;

    private static int TextOf(ServerEvent announced) => announced switch
    {
        MessageCompleted completed => completed.Content?.Length ?? 0,
        MessageStopped stopped => stopped.Content?.Length ?? 0,
        _ => 0,
    };

    private void Add_NeedsLock(FeedItem item)
    {
        if (first is null)
        {
            first = item;
        }
        else if ((behind?.Count ?? 0) < Capacity - 1)
        {
            (behind ??= new()).Enqueue(item);
        }
        else
        {
            (Overrun, Closed) = (true, true);
        }

        Wake_NeedsLock();
    }

    private void Wake_NeedsLock()
    {
        if (waits)
        {
            waits = false;
            waiter.SetResult(true);
        }
        else
        {
            woken = true;
        }
    }
}
