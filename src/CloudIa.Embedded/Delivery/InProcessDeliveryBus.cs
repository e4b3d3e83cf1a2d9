using System.Collections.Concurrent;
using System.Collections.Immutable;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Embedded.Delivery;

/// <summary>Delivery where worker and gateway share a process: texts of running jobs, and the feeds that hear of them.</summary>
public sealed class InProcessDeliveryBus : IDeliveryBus
{
    private readonly ConcurrentDictionary<JobKey, AnswerLog> logs = new();
    private readonly ConcurrentDictionary<string, ImmutableArray<OwnerFeed>> feeds = new();
    private readonly ConcurrentDictionary<JobKey, Func<bool>> stops = new();
    private readonly ConcurrentDictionary<string, LiveConnection> connections = new();
    private readonly Action<OwnerFeed> leave;

    public InProcessDeliveryBus() => leave = Leave;

    public ValueTask<bool> StartAsync(JobMessage job, MessageStarted started, MessageRestarted? restarted, CancellationToken cancellation)
    {
        var log = logs.GetOrAdd(job.Key, static (_, job) => new AnswerLog(job), job);
        if (!log.Start(started.Attempt))
        {
            return ValueTask.FromResult(false);
        }

        if (restarted is not null)
        {
            Announce(job.Owner, job.JobId, restarted);
        }

        Announce(job.Owner, job.JobId, started);
        return ValueTask.FromResult(true);
    }

    public ValueTask<bool> AppendAsync(JobKey job, Position at, string delta, CancellationToken cancellation)
    {
        if (!logs.TryGetValue(job, out var log) || !log.Append(at, delta))
        {
            return ValueTask.FromResult(false);
        }

        foreach (var feed in FeedsOf(job.Owner))
        {
            feed.Grew(job.JobId);
        }

        return ValueTask.FromResult(true);
    }

    public ValueTask PublishAsync(string owner, ServerEvent published, CancellationToken cancellation)
    {
        Announce(owner, JobOf(published), published);
        return ValueTask.CompletedTask;
    }

    public ValueTask EndAsync(JobKey job, ServerEvent end, CancellationToken cancellation)
    {
        logs.TryRemove(job, out _);
        Announce(job.Owner, job.JobId, end);
        return ValueTask.CompletedTask;
    }

    public ValueTask<AnswerSlice?> ReadAsync(JobKey job, Position from, int limit, CancellationToken cancellation) =>
        ValueTask.FromResult(logs.TryGetValue(job, out var log) ? log.Read(from, limit) : null);

    public OwnerFeed Follow(string owner, string? onlyJobId = null)
    {
        var feed = new OwnerFeed(owner, onlyJobId, leave);
        feeds.AddOrUpdate(owner, static (_, feed) => [feed], static (_, all, feed) => all.Add(feed), feed);
        return feed;
    }

    public ValueTask<bool> SignalStopAsync(JobKey job, CancellationToken cancellation) =>
        ValueTask.FromResult(stops.TryGetValue(job, out var stop) && stop());

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

    private ImmutableArray<OwnerFeed> FeedsOf(string owner) => feeds.TryGetValue(owner, out var all) ? all : [];

    private void Announce(string owner, string? jobId, ServerEvent announced)
    {
        foreach (var feed in FeedsOf(owner))
        {
            feed.Announce(jobId, announced);
        }
    }

    private void Leave(OwnerFeed feed)
    {
        while (feeds.TryGetValue(feed.Owner, out var all))
        {
            var rest = all.Remove(feed);
            var done = rest.IsEmpty
                ? feeds.TryRemove(KeyValuePair.Create(feed.Owner, all))
                : feeds.TryUpdate(feed.Owner, rest, all);
            if (done)
            {
                return;
            }
        }
    }

    private static string? JobOf(ServerEvent published) => published switch
    {
        JobEvent job => job.JobId,
        ErrorEvent error => error.JobId,
        _ => null,
    };

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
