namespace CloudIa.Core.Health;

/// <summary>One engine under the service, and how to find out whether it is there.</summary>
/// <param name="Name">As readiness and the doctor call it: queue, table, redis.</param>
/// <param name="Needed">Whether no message can be accepted without it; without another one the service is degraded.</param>
/// <param name="AskAsync">What is to be said of it; whatever it throws says that it is away.</param>
public sealed record EngineProbe(string Name, bool Needed, Func<CancellationToken, Task<string?>> AskAsync)
{
    /// <summary>An engine that answers later than this, answers nobody who waits.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>How the engine is; never throws but for a caller that gives up.</summary>
    public async Task<EngineState> LookAsync(TimeProvider time, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            return new EngineState(this, await AskAsync(either.Token).WaitAsync(either.Token), null);
        }
#pragma warning disable CA1031 // Each engine has errors of its own; what they are is for the log and the doctor.
        catch (Exception error) when (!cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return new EngineState(this, null, patience.IsCancellationRequested ? new TimeoutException($"No answer within {Patience.TotalSeconds} s.") : error);
        }
    }
}

/// <summary>How an engine was found.</summary>
/// <param name="Engine">Which.</param>
/// <param name="Details">What it said of itself.</param>
/// <param name="Error">Null where it is there.</param>
public sealed record EngineState(EngineProbe Engine, string? Details, Exception? Error)
{
    public bool Away => Error is not null;
}
