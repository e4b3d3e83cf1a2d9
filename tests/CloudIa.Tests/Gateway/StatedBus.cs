using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

/// <summary>A bus that says of itself what a test wants it to.</summary>
internal sealed class StatedBus(IDeliveryBus inner) : IDeliveryBus
{
    public DeliveryState State { get; set; }

    /// <summary>What becomes of every wish to stop, where that is said.</summary>
    public StopSignal? Signal { get; init; }

    /// <summary>Called when somebody began to listen for stops.</summary>
    public Action Listening { get; init; } = () => { };

    public ValueTask<bool> StartAsync(JobMessage job, MessageStarted started, MessageRestarted? restarted, CancellationToken cancellation) =>
        inner.StartAsync(job, started, restarted, cancellation);

    public ValueTask<bool> AppendAsync(JobKey job, Position at, string delta, CancellationToken cancellation) => inner.AppendAsync(job, at, delta, cancellation);

    public ValueTask PublishAsync(string owner, ServerEvent published, CancellationToken cancellation) => inner.PublishAsync(owner, published, cancellation);

    public ValueTask EndAsync(JobKey job, ServerEvent end, CancellationToken cancellation) => inner.EndAsync(job, end, cancellation);

    public ValueTask<AnswerSlice?> ReadAsync(JobKey job, Position from, int limit, CancellationToken cancellation) => inner.ReadAsync(job, from, limit, cancellation);

    public ValueTask<OwnerFeed> FollowAsync(string owner, string? onlyJobId, CancellationToken cancellation) => inner.FollowAsync(owner, onlyJobId, cancellation);

    public ValueTask<StopSignal> SignalStopAsync(JobKey job, CancellationToken cancellation) =>
        Signal is { } signal ? ValueTask.FromResult(signal) : inner.SignalStopAsync(job, cancellation);

    public IDisposable OnStop(JobKey job, Func<bool> stop)
    {
        var listening = inner.OnStop(job, stop);
        Listening();
        return listening;
    }

    public IDisposable Register(string connectionId, LiveConnection connection) => inner.Register(connectionId, connection);

    public ValueTask<LiveConnection?> ResolveAsync(string connectionId, CancellationToken cancellation) => inner.ResolveAsync(connectionId, cancellation);
}
