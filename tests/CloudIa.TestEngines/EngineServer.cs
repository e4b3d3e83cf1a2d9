using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CloudIa.TestEngines;

/// <summary>One engine as its own process on a port of its own, on this machine alone; it can be stopped, paused and started again there.</summary>
public abstract class EngineServer : IAsyncDisposable
{
    private ChildProcess? _child;

    public int Port { get; } = FreePorts.Next();

    public Uri Address => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"));

    protected abstract string Name { get; }

    public string Tail() => _child?.Tail() ?? $"{Name} was never started.";

    /// <summary>Returns once it takes connections.</summary>
    public async Task StartAsync()
    {
        _child?.Dispose();
        _child = Launch();
        try
        {
            await Patience.Until<object>(
                async cancel =>
                {
                    if (_child.HasExited) throw new InvalidOperationException($"{Name} ended at its start. {Tail()}");
                    return await TakesConnections(cancel) ? this : null;
                },
                $"{Name} to take connections",
                Tail,
                // A Java machine that starts beside a build.
                within: TimeSpan.FromMinutes(5));
        }
        catch
        {
            Stop();
            throw;
        }
    }

    /// <summary>kill -9; what it kept in memory is gone.</summary>
    public void Stop() => _child?.KillNine();

    /// <summary>It hangs until it is thawed.</summary>
    public void Freeze() => _child?.Freeze();

    public void Thaw() => _child?.Thaw();

    public virtual ValueTask DisposeAsync()
    {
        _child?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    protected abstract ChildProcess Launch();

    private async Task<bool> TakesConnections(CancellationToken cancel)
    {
        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(IPAddress.Loopback, Port, cancel);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
