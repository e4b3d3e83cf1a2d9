using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.Extensions.Hosting;

namespace CloudIa.Gateway.Connections;

/// <summary>
/// Every open connection of this process: counts them by owner, looks at each once a second with one timer for all,
/// and sends them away when the process leaves.
/// </summary>
public sealed class ConnectionRegistry : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly List<ClientConnection> open = [];
    private readonly Dictionary<string, int> owners = [];
    private readonly ITimer timer;
    private readonly CancellationTokenRegistration stopping;
    private readonly long began;
    private volatile int now;
    private volatile bool stopped;
    private volatile bool leaving;

    public ConnectionRegistry(GatewayOptions options, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        Options = options;
        Time = time;
        began = time.GetTimestamp();
        timer = time.CreateTimer(static registry => ((ConnectionRegistry)registry!).Look(), this, Tick, Tick);
        stopping = lifetime.ApplicationStopping.Register(Stop);
    }

    /// <summary>Connections that are open.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return open.Count;
            }
        }
    }

    /// <summary>This process is asked to stop: it is not ready any more, and serves for its grace.</summary>
    public bool Stopping => stopped;

    /// <summary>It takes no connection, and those that it had are told to move.</summary>
    public bool Leaving => leaving;

    internal GatewayOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <summary>Seconds since the start, as of the last tick.</summary>
    internal int Now => now;

    public void Dispose()
    {
        stopping.Dispose();
        timer.Dispose();
    }

    /// <summary>Takes a connection in, until <see cref="Remove"/>.</summary>
    /// <exception cref="RequestRefusedException">too_many_connections of its owner, or shutting_down.</exception>
    internal void Add(ClientConnection connection)
    {
        lock (gate)
        {
            if (leaving)
            {
                throw new RequestRefusedException(ErrorCode.ShuttingDown);
            }

            var count = owners.GetValueOrDefault(connection.Owner);
            if (count >= Options.MaxConnectionsPerOwner)
            {
                throw new RequestRefusedException(ErrorCode.TooManyConnections, $"at most {Options.MaxConnectionsPerOwner} at once");
            }

            owners[connection.Owner] = count + 1;
            connection.Slot = open.Count;
            open.Add(connection);
        }
    }

    /// <summary>The connection has ended.</summary>
    internal void Remove(ClientConnection connection)
    {
        lock (gate)
        {
            var last = open[^1];
            open[connection.Slot] = last;
            last.Slot = connection.Slot;
            open.RemoveAt(open.Count - 1);
            if (owners[connection.Owner] is var count and > 1)
            {
                owners[connection.Owner] = count - 1;
            }
            else
            {
                owners.Remove(connection.Owner);
            }
        }
    }

    /// <summary>Whoever stands before this process is to send its clients elsewhere from now on.</summary>
    internal void Stop()
    {
        stopped = true;
        if (Options.Grace == TimeSpan.Zero)
        {
            Leave();
        }
    }

    /// <summary>The grace is over.</summary>
    internal void Leave()
    {
        ClientConnection[] all;
        lock (gate)
        {
            leaving = true;
            all = [.. open];
        }

        foreach (var connection in all)
        {
            connection.End(Ending.GoingAway);
        }
    }

    private void Look()
    {
        now = (int)Time.GetElapsedTime(began).TotalSeconds;
        var unixNow = Time.GetUtcNow().ToUnixTimeSeconds();

        // One at a time: a connection may be removed behind our back, and what is looked at twice or not this time
        // is looked at at the next tick.
        for (var i = 0; ; i++)
        {
            ClientConnection? connection;
            lock (gate)
            {
                connection = i < open.Count ? open[i] : null;
            }

            if (connection is null)
            {
                return;
            }

            connection.Check(now, unixNow);
        }
    }
}
