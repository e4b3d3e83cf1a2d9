using System.Globalization;
using CloudIa.Core.Queue;

namespace CloudIa.Embedded.Queue;

/// <summary>
/// Which waiting job is next: a lane a conversation, its jobs in the order of their commits, one leased at a
/// time. In memory only, because leases of a dead process end with it. It holds a window of the jobs table: what
/// was looked at and has not ended; later rows are fetched when there is room.
/// </summary>
internal sealed partial class Lanes(TimeProvider time)
{
    /// <summary>Jobs held before further ones wait in the table alone: at 32,000 characters each, at most 256 MB.</summary>
    public const int Window = 4096;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Lane> lanes = [];
    private readonly Dictionary<string, Lane> leased = [];
    private readonly Queue<Lane> ready = new();
    private readonly PriorityQueue<(Lane Lane, long Wait), DateTimeOffset> due = new();
    private TaskCompletionSource? changed;
    private long waits;
    private int count;
    private long fetchedTo;
    private long committedTo;

    /// <summary>Says that the table holds rows up to this key, none of which was fetched.</summary>
    public void Found(long lastSeq) => committedTo = lastSeq;

    /// <summary>Takes a job from its commit. To be called in commit order.</summary>
    public void Committed(QueuedJob job)
    {
        lock (gate)
        {
            if (fetchedTo >= committedTo && fetchedTo < job.Seq && count < Window)
            {
                Add_NeedsLock(job);
                fetchedTo = job.Seq;
            }

            committedTo = Math.Max(committedTo, job.Seq);
            Change_NeedsLock();
        }
    }

    /// <summary>Whether rows of the table wait to be fetched: those after a key, up to one that was committed before this call.</summary>
    public bool WantsRows(out long after, out long upTo)
    {
        lock (gate)
        {
            (after, upTo) = (fetchedTo, committedTo);
            return after < upTo && count < Window;
        }
    }

    /// <summary>Takes all rows between two keys. Ignored where another caller was faster.</summary>
    public void Fetched(long after, long to, IEnumerable<QueuedJob> jobs)
    {
        lock (gate)
        {
            if (fetchedTo != after)
            {
                return;
            }

            fetchedTo = to;
            foreach (var job in jobs)
            {
                Add_NeedsLock(job);
            }
        }
    }

    /// <summary>Leases the heads of ready lanes. Where there are none: a task that ends when that may have changed.</summary>
    public List<JobLease> Lease(int max, TimeSpan duration, out Task change, out DateTimeOffset? nextDue)
    {
        lock (gate)
        {
            nextDue = Wake_NeedsLock();
            var leases = new List<JobLease>();
            while (leases.Count < max && ready.TryDequeue(out var lane))
            {
                Wait_NeedsLock(lane, duration);
                lane.Receipt = lane.Wait.ToString(CultureInfo.InvariantCulture);
                leased.Add(lane.Receipt, lane);
                leases.Add(new JobLease(lane.Jobs.Peek().Job, lane.Receipt));
            }

            changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            change = changed.Task;
            return leases;
        }
    }

    /// <summary>The job of a lease that still holds; null where it was lost.</summary>
    public QueuedJob? Held(string receipt)
    {
        lock (gate)
        {
            Wake_NeedsLock();
            return leased.TryGetValue(receipt, out var lane) ? lane.Jobs.Peek() : null;
        }
    }

    /// <summary>Holds a lease for a duration from now. False where it was lost.</summary>
    public bool Extend(string receipt, TimeSpan duration)
    {
        lock (gate)
        {
            Wake_NeedsLock();
            if (!leased.TryGetValue(receipt, out var lane))
            {
                return false;
            }

            lane.Until = time.GetUtcNow() + duration;
            return true;
        }
    }

    /// <summary>Ends a lease and the job with it. False where it was lost.</summary>
    public bool Remove(string receipt)
    {
        lock (gate)
        {
            if (!leased.TryGetValue(receipt, out var lane))
            {
                return false;
            }

            lane.Jobs.Dequeue();
            count--;
            Free_NeedsLock(lane);
            Change_NeedsLock();
            return true;
        }
    }

    /// <summary>Ends a lease; its lane waits for the delay. False where it was lost.</summary>
    public bool Release(string receipt, TimeSpan delay)
    {
        lock (gate)
        {
            Wake_NeedsLock();
            if (!leased.TryGetValue(receipt, out var lane))
            {
                return false;
            }

            if (delay > TimeSpan.Zero)
            {
                leased.Remove(receipt);
                lane.Receipt = null;
                Wait_NeedsLock(lane, delay);
            }
            else
            {
                Free_NeedsLock(lane);
            }

            Change_NeedsLock();
            return true;
        }
    }

    /// <summary>Ends the delay of a lane whose job was released with one. False where it waits for none.</summary>
    public bool Hasten(string name)
    {
        lock (gate)
        {
            Wake_NeedsLock();
            if (!lanes.TryGetValue(name, out var lane) || lane.Wait == 0 || lane.Receipt is not null)
            {
                return false;
            }

            Free_NeedsLock(lane);
            Change_NeedsLock();
            return true;
        }
    }
}
