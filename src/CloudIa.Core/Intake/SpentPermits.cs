using System.Collections.Concurrent;

namespace CloudIa.Core.Intake;

/// <summary>Permits that were spent, in the memory of one process, for as long as each is kept.</summary>
public sealed class SpentPermits(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, byte> spent = new();
    private readonly ConcurrentQueue<(string Permit, long At, TimeSpan Keeps)> oldest = new();

    /// <summary>True for the first who spends it.</summary>
    public bool Spend(string permit, TimeSpan keeps)
    {
        while (oldest.TryPeek(out var first) && time.GetElapsedTime(first.At) >= first.Keeps && oldest.TryDequeue(out first))
        {
            spent.TryRemove(first.Permit, out _);
        }

        if (!spent.TryAdd(permit, 0))
        {
            return false;
        }

        oldest.Enqueue((permit, time.GetTimestamp(), keeps));
        return true;
    }
}
