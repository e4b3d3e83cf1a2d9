using CloudIa.Core.Delivery.Relay;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Streaming;

namespace CloudIa.Gateway.Relay;

/// <summary>What a courier needs of the service.</summary>
public sealed class CourierServices(
    IRelayRegistry registry,
    IRelayPost post,
    ConnectionRegistry connections,
    SessionTokens sessions,
    PumpServices pump,
    GatewayOptions options,
    TimeProvider time)
{
    public IRelayRegistry Registry => registry;

    public IRelayPost Post => post;

    public ConnectionRegistry Connections => connections;

    public SessionTokens Sessions => sessions;

    /// <summary>Fewer and longer deltas than on a socket of our own: each is a call that is paid for.</summary>
    public PumpServices Pump { get; } = pump with
    {
        Coalesce = TimeSpan.FromMilliseconds(options.RelayCoalesceMilliseconds),
        SteadyCoalesce = TimeSpan.FromMilliseconds(Math.Max(options.RelayCoalesceMilliseconds, options.SteadyCoalesceMilliseconds)),
    };

    public GatewayOptions Options => options;

    public TimeProvider Time => time;

    /// <summary>A connection is not carried any more.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="cut">Whether its client may still be there, and is to come back.</param>
    public async Task LetGoAsync(RelayedConnection connection, bool cut)
    {
        if (cut)
        {
            await post.CutAsync(connection, CancellationToken.None);
        }

        await registry.ForgetAsync(connection.Id);
    }
}
