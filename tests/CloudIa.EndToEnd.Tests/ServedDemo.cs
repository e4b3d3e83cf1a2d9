using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests;

/// <summary>One server with the demo model for a whole class of tests; each brings its own session.</summary>
public sealed class ServedDemo : IAsyncLifetime
{
    private CloudiaProcess? _server;

    internal CloudiaProcess Server => _server ?? throw new InvalidOperationException("The server is not started.");

    public async ValueTask InitializeAsync() => _server = await CloudiaProcess.Start();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }
}
