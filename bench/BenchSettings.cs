namespace CloudIa.Bench;

/// <summary>How requests of the accept rows say who they are.</summary>
internal enum SessionUse
{
    /// <summary>One session a connection, its token in the Authorization header of every request.</summary>
    Bearer,

    /// <summary>No header at all, as the curl line of the README: the service makes a session a request.</summary>
    None,
}

/// <summary>What the command line says; every row gets the same.</summary>
internal sealed record BenchSettings
{
    /// <summary>How many times each side is measured, one after the other.</summary>
    public required int Repeats { get; init; }

    /// <summary>How long one measurement lasts.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Load given to a fresh process before it is measured, so that its code is compiled.</summary>
    public required TimeSpan Warmup { get; init; }

    /// <summary>CloudIa.dll or a native binary; null: the Release build of this repository, made first.</summary>
    public required string? Server { get; init; }

    /// <summary>The native binary of row 12; null: published from this repository.</summary>
    public required string? Native { get; init; }

    /// <summary>Jobs that our server runs at once during the accept rows.</summary>
    public required int Workers { get; init; }

    public required SessionUse Sessions { get; init; }

    /// <summary>Idle connections of row 9.</summary>
    public required int IdleConnections { get; init; }

    /// <summary>Concurrent streams of row 5.</summary>
    public required int Streams { get; init; }
}
