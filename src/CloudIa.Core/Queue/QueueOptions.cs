namespace CloudIa.Core.Queue;

/// <summary>The lease's times (DESIGN.md section 7).</summary>
public sealed class QueueOptions
{
    /// <summary>Seconds after which a silent worker's job goes to another.</summary>
    public int LeaseSeconds { get; set; } = 30;

    /// <summary>Seconds between two extensions of a lease.</summary>
    public int HeartbeatSeconds { get; set; } = 10;

    public TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    public TimeSpan Heartbeat => TimeSpan.FromSeconds(HeartbeatSeconds);

    /// <summary>What is wrong with these numbers, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        if (LeaseSeconds is < 2 or > 43_200)
        {
            yield return $"Queue:LeaseSeconds is {LeaseSeconds}; it must be between 2 and 43200.";
        }

        if (HeartbeatSeconds < 1 || HeartbeatSeconds * 2 > LeaseSeconds)
        {
            yield return $"Queue:HeartbeatSeconds is {HeartbeatSeconds}; it must be at least 1 and at most half of Queue:LeaseSeconds ({LeaseSeconds}).";
        }
    }
}
