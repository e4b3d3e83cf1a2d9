using System.Collections.Concurrent;
using CloudIa.Core.Delivery.Relay;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudIa.Gateway.Relay;

/// <summary>
/// Carries sockets that another machine holds: takes new ones, brings each what happens to its owner, and cuts those of
/// couriers that died, so that their clients come back. Asked to stop, it sends its own away.
/// </summary>
public sealed partial class Courier(CourierServices services, ILogger<Courier> logger) : BackgroundService
{
    /// <summary>Connections that one round takes: what a second of API Gateway's new connections is (a quota of 500 a second), and fewer than would stall the others.</summary>
    private const int MostTaken = 200;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Renewed = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (CarriedConnection Connection, Task Run)> carried = new();
    private long renewedAt = services.Time.GetTimestamp();

    /// <summary>Connections that are carried now.</summary>
    public int Count => carried.Count;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await RoundSafelyAsync(stoppingToken);
                await services.Registry.WaitAsync(Tick, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The connections' registry ends them as it ends all connections of a process that leaves.
            await Task.WhenAll(carried.Values.Select(one => one.Run));
        }
    }

    private async Task RoundSafelyAsync(CancellationToken stopping)
    {
        try
        {
            await RoundAsync(stopping);
        }
#pragma warning disable CA1031 // Whatever happens in one round, there is another.
        catch (Exception error) when (error is not OperationCanceledException || !stopping.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogBroken(error);
        }
    }

    private async Task RoundAsync(CancellationToken stopping)
    {
        if (await services.Registry.RoundAsync(MostTaken, stopping) is not { } round)
        {
            return;
        }

        if (!round.Known || services.Time.GetElapsedTime(renewedAt) > Renewed)
        {
            renewedAt = services.Time.GetTimestamp();
            await services.Registry.RenewAsync([.. carried.Values.Select(one => one.Connection.Connection)], stopping);
        }

        await Task.WhenAll(round.Taken.Select(taken => TakeAsync(taken, stopping)));
        foreach (var ask in round.Asks)
        {
            if (carried.TryGetValue(ask.Id, out var one))
            {
                one.Connection.Take(ask);
            }
        }

        if (round.Orphans.Count > 0)
        {
            LogOrphans(round.Orphans.Count);
            await Parallel.ForEachAsync(round.Orphans, stopping, async (orphan, cancellation) => await services.Post.CutAsync(orphan, cancellation));
        }
    }

    private async Task TakeAsync(RelayedConnection taken, CancellationToken stopping)
    {
        var feed = await services.Pump.Bus.FollowAsync(taken.Owner, null, stopping);
        var connection = new CarriedConnection(services, taken, feed);

        // Known before it runs: it takes itself out when it ends.
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        carried[taken.Id] = (connection, CarryAsync(connection, begin.Task));
        begin.SetResult();
    }

    private async Task CarryAsync(CarriedConnection connection, Task begin)
    {
        await begin;
        try
        {
            await connection.RunAsync();
        }
#pragma warning disable CA1031 // One connection's fault is no other's; its client comes back.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogLost(error);
        }
        finally
        {
            carried.TryRemove(connection.Connection.Id, out _);
            connection.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A courier's round broke; the next one follows.")]
    private partial void LogBroken(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A relayed connection broke off.")]
    private partial void LogLost(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} connections of a courier that died are cut; their clients come back.")]
    private partial void LogOrphans(int count);
}
