namespace CloudIa.Core.Intake;

/// <summary>Permits that were spent, in the memory of one process, for as long as each is kept.</summary>
public sealed class SpentPermits(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly HashSet<string> spent = [];
    private readonly Queue<(string Permit, long At, TimeSpan Keeps)> oldest = new();

    /// <summary>True for the first who spends it.</summary>
    public bool Spend(string permit, TimeSpan keeps)
    {
        lock (gate)
        {
            while (oldest.TryPeek(out var first) && time.GetElapsedTime(first.At) >= first.Keeps)
            {
                spent.Remove(oldest.Dequeue().Permit);
            }

            if (!spent.Add(permit))
            {
                return false;
            }

            oldest.Enqueue((permit, time.GetTimestamp(), keeps));
            return true;
        }
    }
}
