using System.Collections.Concurrent;
using System.Text.Json;
using CloudIa.Core.Delivery;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>This part: whose a connection is, known to every node while its own one says so.</summary>
public sealed partial class RedisDeliveryBus
{
    /// <summary>Connections of a node that died are known for so long.</summary>
    private static readonly TimeSpan ConnectionLives = TimeSpan.FromSeconds(90);

    private static readonly TimeSpan ConnectionsAreRenewed = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, LiveConnection> connections = new();
    private long renewedAt;

    public IDisposable Register(string connectionId, LiveConnection connection)
    {
        connections[connectionId] = connection;
        Renew(connectionId, connection);
        return new Registration(this, connectionId);
    }

    public async ValueTask<LiveConnection?> ResolveAsync(string connectionId, CancellationToken cancellation)
    {
        if (connections.TryGetValue(connectionId, out var connection))
        {
            return connection;
        }

        var (_, known) = await link.TryAsync(redis => redis.StringGetAsync(BusNames.Connection(connectionId)));
        return known.IsNull ? null : JsonSerializer.Deserialize((string)known!, BusJson.Default.LiveConnection);
    }

    // Nobody waits for it: the client that could name the connection is told of it later than Redis is.
    private void Renew(string connectionId, LiveConnection connection) => link.Send(redis => redis.StringSet(
        BusNames.Connection(connectionId), JsonSerializer.Serialize(connection, BusJson.Default.LiveConnection), ConnectionLives, flags: CommandFlags.FireAndForget));

    private async Task KeepConnectionsAsync(bool back)
    {
        if (!back && time.GetElapsedTime(renewedAt) < ConnectionsAreRenewed)
        {
            return;
        }

        renewedAt = time.GetTimestamp();
        var renewed = 0;
        foreach (var (connectionId, connection) in connections)
        {
            Renew(connectionId, connection);
            if (++renewed % 500 == 0)
            {
                // Not more at once than Redis takes in a breath.
                await link.TryAsync(static redis => redis.PingAsync());
            }
        }
    }

    // There is one a connection, so it is no larger than it must be.
    private sealed class Registration(RedisDeliveryBus bus, string connectionId) : IDisposable
    {
        public void Dispose()
        {
            bus.connections.TryRemove(connectionId, out _);
            bus.link.Send(redis => redis.KeyDelete(BusNames.Connection(connectionId), CommandFlags.FireAndForget));
        }
    }
}
