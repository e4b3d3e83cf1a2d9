namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>An installation with a worker, and one server before it for a class of tests.</summary>
public abstract class ConformanceGate(Engines engines) : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _parts = [];

    internal FunctionInstallation Installation { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Installation = Owned(await FunctionInstallation.StartAsync(engines, worker: true));
        await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        for (var part = _parts.Count - 1; part >= 0; part--) await _parts[part].DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract Task OpenAsync();

    /// <summary>Ends with the gate.</summary>
    private protected T Owned<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }
}
