namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>One installation with the demo model for a whole class of tests; each brings its own session.</summary>
public abstract class ServedDemo(Backend backend) : IAsyncLifetime
{
    private IInstallation? _server;

    internal IInstallation Server => _server ?? throw new InvalidOperationException("The server is not started.");

    public async ValueTask InitializeAsync() => _server = await backend.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>On one process.</summary>
public sealed class EmbeddedDemo() : ServedDemo(new EmbeddedBackend());

/// <summary>On many machines.</summary>
public sealed class AwsDemo(AwsBackend aws, Engines engines) : ServedDemo(aws.On(engines));
