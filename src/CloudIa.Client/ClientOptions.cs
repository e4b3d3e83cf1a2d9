namespace CloudIa.Client;

/// <summary>How a <see cref="CloudIaClient"/> calls.</summary>
public sealed record ClientOptions
{
    /// <summary>How often a call is tried before its error is given to the caller. At least 1.</summary>
    public int Tries { get; init; } = 5;

    /// <summary>How long one try may take: DESIGN gives an accept milliseconds, so this only ends a hang.</summary>
    public TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The pauses between tries, where the service names none.</summary>
    public Backoff Backoff { get; init; } = new(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(5));

    /// <summary>A service that asks to wait longer than this is not waited for: its error goes to the caller.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Sent as Accept-Language; the texts of errors come in it. Null: the host's own.</summary>
    public string? Language { get; init; }
}
