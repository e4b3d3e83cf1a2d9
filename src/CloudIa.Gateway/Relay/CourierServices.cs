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
    /// <summary>Less in all than a process has to leave.</summary>
    private static readonly TimeSpan[] CutAgainAfter = [TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)];

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
        try
        {
            if (cut)
            {
                await CutAsync(connection, CancellationToken.None);
            }
        }
        finally
        {
            await registry.ForgetAsync(connection.Id);
        }
    }

    /// <summary>Closes a connection, so that its client comes back; tries again for a few seconds.</summary>
    public async Task CutAsync(RelayedConnection connection, CancellationToken cancellation)
    {
        foreach (var pause in CutAgainAfter)
        {
            if (await post.CutAsync(connection, cancellation) is PostOutcome.Taken or PostOutcome.Gone)
            {
                return;
            }

            await Task.Delay(pause, time, cancellation);
        }

        await post.CutAsync(connection, cancellation);
    }
}
