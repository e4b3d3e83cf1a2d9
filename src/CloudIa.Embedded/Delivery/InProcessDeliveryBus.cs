using System.Collections.Concurrent;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Embedded.Delivery;

/// <summary>Delivery where worker and gateway share a process: texts of running jobs, and the feeds that hear of them.</summary>
public sealed class InProcessDeliveryBus : IDeliveryBus
{
    private readonly ConcurrentDictionary<JobKey, AnswerLog> logs = new();
    private readonly OwnerFeeds feeds = new();
    private readonly ConcurrentDictionary<JobKey, Func<bool>> stops = new();
    private readonly ConcurrentDictionary<string, LiveConnection> connections = new();

    public DeliveryState State => DeliveryState.Sure;

    public ValueTask<bool> StartAsync(JobMessage job, MessageStarted started, MessageRestarted? restarted, CancellationToken cancellation)
    {
        var log = logs.GetOrAdd(job.Key, static _ => new AnswerLog());
        if (!log.Start(EventHead.Of(job, started.Timestamp), started.Attempt))
        {
            return ValueTask.FromResult(false);
        }

        if (restarted is not null)
        {
            feeds.Announce(job.Owner, restarted);
        }

        feeds.Announce(job.Owner, started);
        return ValueTask.FromResult(true);
    }

    public ValueTask<bool> AppendAsync(JobKey job, Position at, string delta, CancellationToken cancellation)
    {
        if (!logs.TryGetValue(job, out var log) || !log.Append(at, delta))
        {
            return ValueTask.FromResult(false);
        }

        feeds.Grew(job.Owner, job.JobId);
        return ValueTask.FromResult(true);
    }

    public ValueTask PublishAsync(string owner, ServerEvent published, CancellationToken cancellation)
    {
        feeds.Announce(owner, published);
        return ValueTask.CompletedTask;
    }

    public ValueTask EndAsync(JobKey job, ServerEvent end, CancellationToken cancellation)
    {
        logs.TryRemove(job, out _);
        feeds.Announce(job.Owner, end);
        return ValueTask.CompletedTask;
    }

    public ValueTask<AnswerSlice?> ReadAsync(JobKey job, Position from, int limit, CancellationToken cancellation) =>
        ValueTask.FromResult(logs.TryGetValue(job, out var log) ? log.Read(from, limit) : null);

    public ValueTask<OwnerFeed> FollowAsync(string owner, string? onlyJobId, CancellationToken cancellation) =>
        ValueTask.FromResult(Follow(owner, onlyJobId));

    /// <summary>The same at once.</summary>
    public OwnerFeed Follow(string owner, string? onlyJobId = null) => feeds.Follow(owner, onlyJobId);

    public ValueTask<StopSignal> SignalStopAsync(JobKey job, CancellationToken cancellation) =>
        ValueTask.FromResult(stops.TryGetValue(job, out var stop) && stop() ? StopSignal.Taken : StopSignal.Unheard);

    public IDisposable OnStop(JobKey job, Func<bool> stop)
    {
        stops[job] = stop;
        return new Handle(() => stops.TryRemove(KeyValuePair.Create(job, stop)));
    }

    public IDisposable Register(string connectionId, LiveConnection connection)
    {
        connections[connectionId] = connection;
        return new Registration(connections, connectionId);
    }

    public ValueTask<LiveConnection?> ResolveAsync(string connectionId, CancellationToken cancellation) =>
        ValueTask.FromResult(connections.GetValueOrDefault(connectionId));

    private sealed class Handle(Action release) : IDisposable
    {
        public void Dispose() => release();
    }

    // There is one a connection, so it is no larger than it must be.
    private sealed class Registration(ConcurrentDictionary<string, LiveConnection> connections, string connectionId) : IDisposable
    {
        public void Dispose() => connections.TryRemove(connectionId, out _);
    }
}
