using System.Collections.Concurrent;
using System.Threading.Channels;
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
    /// <summary>Connections that one round takes: fewer than would stall the others. A full round is followed by another at once.</summary>
    private const int MostTaken = 200;

    private const int CutAtOnce = 32;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Renewed = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, (CarriedConnection Connection, Task Run)> carried = new();
    private readonly Channel<RelayedConnection> orphans = Channel.CreateUnbounded<RelayedConnection>();
    private bool renewsAll;
    private long renewedAt = services.Time.GetTimestamp();

    /// <summary>Connections that are carried now.</summary>
    public int Count => carried.Count;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var cutting = CutOrphansAsync(stoppingToken);
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
            await cutting;
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

        var taken = round.Taken.Where(one => !carried.ContainsKey(one.Id)).ToList();
        await Task.WhenAll(taken.Select(one => TakeAsync(one, stopping)));
        var changed = new HashSet<string>(taken.Select(one => one.Id));
        foreach (var ask in round.Asks)
        {
            if (carried.TryGetValue(ask.Id, out var one))
            {
                one.Connection.Take(ask);
                if (ask.ExpiresAt is not null)
                {
                    changed.Add(ask.Id);
                }
            }
        }

        await RenewAsync(round.Known, changed, stopping);
        foreach (var orphan in round.Orphans)
        {
            orphans.Writer.TryWrite(orphan);
        }
    }

    /// <summary>Says what is new or has changed; all of it now and then, and where it was forgotten.</summary>
    private async Task RenewAsync(bool known, HashSet<string> changed, CancellationToken stopping)
    {
        renewsAll |= !known || services.Time.GetElapsedTime(renewedAt) > Renewed;
        var said = carried.Where(one => renewsAll || changed.Contains(one.Key)).Select(one => one.Value.Connection.Connection).ToList();
        var noted = said.Count == 0 || await services.Registry.RenewAsync(said, stopping);
        if (noted && renewsAll)
        {
            renewedAt = services.Time.GetTimestamp();
        }

        // What was not noted is said again in the next round.
        renewsAll = !noted;
    }

    // Beside the rounds: a machine that is slow to close a socket keeps no courier from saying that it lives.
    private async Task CutOrphansAsync(CancellationToken stopping)
    {
        try
        {
            await Parallel.ForEachAsync(
                orphans.Reader.ReadAllAsync(stopping),
                new ParallelOptions { MaxDegreeOfParallelism = CutAtOnce, CancellationToken = stopping },
                async (orphan, cancellation) =>
                {
                    LogOrphan(orphan.TraceId);
                    await services.CutAsync(orphan, cancellation);
                });
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Their next frame cuts those that are left.
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection of a courier that died is cut, so that its client comes back; trace {TraceId}.")]
    private partial void LogOrphan(string traceId);
}
