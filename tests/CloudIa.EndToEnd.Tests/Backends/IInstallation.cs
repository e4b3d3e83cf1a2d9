namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>The service as its clients meet it, on one process or on many machines. What is done to it is done to all of its processes.</summary>
internal interface IInstallation : IAsyncDisposable
{
    /// <summary>Where clients find it: before all of its gateways, where there are several.</summary>
    Uri Address { get; }

    /// <summary>One gateway, with nothing in front of it.</summary>
    Uri Door { get; }

    /// <summary>Each process that calls models.</summary>
    IReadOnlyList<Uri> Workers { get; }

    /// <summary>The folder of the process that answers at the door.</summary>
    string DataFolder { get; }

    /// <summary>Null: the service made one itself, and tells it at its start.</summary>
    string? AdminToken { get; }

    /// <summary>What the process at the door wrote.</summary>
    string Output { get; }

    /// <summary>Resident memory of the process at the door, in bytes.</summary>
    long ResidentBytes();

    /// <summary>The last lines of all processes, for messages.</summary>
    string Tail();

    void KillNine();

    void AskToStop();

    /// <summary>Once all have ended: 0, or the exit code of one that ended otherwise.</summary>
    Task<int> Exit(TimeSpan? within = null);

    /// <summary>The same installation in new processes; returns when all are ready.</summary>
    Task StartAgain();

    /// <summary>Puts these behind what the queue has. One process is killed and started again for it, as it holds its file.</summary>
    Task PutIntoQueue(params RawMessage[] messages);
}
