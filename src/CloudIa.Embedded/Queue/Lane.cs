namespace CloudIa.Embedded.Queue;

/// <summary>The waiting jobs of one conversation.</summary>
internal sealed class Lane(string name)
{
    public string Name => name;

    public Queue<QueuedJob> Jobs { get; } = new();

    /// <summary>Names the lease that holds the lane; null where none does.</summary>
    public string? Receipt { get; set; }

    /// <summary>Numbers what the lane waits for, a lease or a delay; 0 for nothing.</summary>
    public long Wait { get; set; }

    /// <summary>When that ends.</summary>
    public DateTimeOffset Until { get; set; }
}
