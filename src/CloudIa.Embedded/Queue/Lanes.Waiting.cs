namespace CloudIa.Embedded.Queue;

/// <summary>How a lane becomes ready, waits and is freed; all of it behind the lock.</summary>
internal sealed partial class Lanes
{
    private void Add_NeedsLock(QueuedJob job)
    {
        if (!lanes.TryGetValue(job.Lane, out var lane))
        {
            lane = new Lane(job.Lane);
            lanes.Add(lane.Name, lane);
        }

        lane.Jobs.Enqueue(job);
        count++;
        if (lane.Jobs.Count == 1)
        {
            ready.Enqueue(lane);
        }
    }

    /// <summary>Frees the lanes whose lease or delay has run out. When the next one will; null where none waits.</summary>
    private DateTimeOffset? Wake_NeedsLock()
    {
        var now = time.GetUtcNow();
        while (due.TryPeek(out var next, out var at) && (next.Lane.Wait != next.Wait || at <= now))
        {
            due.Dequeue();
            if (next.Lane.Wait != next.Wait)
            {
                continue;
            }

            if (next.Lane.Until > now)
            {
                // Extended meanwhile.
                due.Enqueue(next, next.Lane.Until);
            }
            else
            {
                Free_NeedsLock(next.Lane);
            }
        }

        return due.TryPeek(out _, out var first) ? first : null;
    }

    private void Wait_NeedsLock(Lane lane, TimeSpan duration)
    {
        lane.Wait = ++waits;
        lane.Until = time.GetUtcNow() + duration;
        due.Enqueue((lane, lane.Wait), lane.Until);
    }

    private void Free_NeedsLock(Lane lane)
    {
        if (lane.Receipt is { } receipt)
        {
            leased.Remove(receipt);
            lane.Receipt = null;
        }

        lane.Wait = 0;
        if (lane.Jobs.Count == 0)
        {
            lanes.Remove(lane.Name);
        }
        else
        {
            ready.Enqueue(lane);
        }
    }

    private void Change_NeedsLock()
    {
        changed?.SetResult();
        changed = null;
    }
}
