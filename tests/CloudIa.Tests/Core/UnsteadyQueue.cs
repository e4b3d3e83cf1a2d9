using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;

namespace CloudIa.Tests.Core;

/// <summary>A queue that is away for some receives, and that counts extensions.</summary>
internal sealed class UnsteadyQueue(IJobQueue queue) : IJobQueue
{
    /// <summary>Receives that still fail: in the port's words and, every second one, as no port says it.</summary>
    public int Away { get; set; }

    /// <summary>Whether it has no room for jobs.</summary>
    public bool Full { get; init; }

    /// <summary>What happens just before a job is taken.</summary>
    public Func<Task> BeforeEnqueue { get; init; } = () => Task.CompletedTask;

    /// <summary>What happens just before a release.</summary>
    public Func<JobLease, Task> BeforeRelease { get; set; } = _ => Task.CompletedTask;

    /// <summary>Extensions of leases that held.</summary>
    public int Extended { get; private set; }

    public async Task<EnqueueResult> EnqueueAsync(JobMessage job, EnqueueCondition condition, CancellationToken cancellation)
    {
        await BeforeEnqueue();
        cancellation.ThrowIfCancellationRequested();
        return Full ? throw new QueueUnavailableException("full", full: true, null) : await queue.EnqueueAsync(job, condition, cancellation);
    }

    public Task<bool> HastenAsync(ConversationKey conversation, CancellationToken cancellation) => queue.HastenAsync(conversation, cancellation);

    public Task<IReadOnlyList<JobLease>> ReceiveAsync(int max, CancellationToken cancellation) =>
        Away-- <= 0 ? queue.ReceiveAsync(max, cancellation)
        : Away % 2 == 0 ? throw new QueueUnavailableException("away", full: false, null)
        : throw new InvalidOperationException("broken");

    public Task<bool> CompleteAsync(JobLease lease, CancellationToken cancellation) => queue.CompleteAsync(lease, cancellation);

    public async Task<bool> ReleaseAsync(JobLease lease, TimeSpan delay, CancellationToken cancellation)
    {
        await BeforeRelease(lease);
        return await queue.ReleaseAsync(lease, delay, cancellation);
    }

    public async Task<bool> ExtendAsync(JobLease lease, CancellationToken cancellation)
    {
        var held = await queue.ExtendAsync(lease, cancellation);
        Extended += held ? 1 : 0;
        return held;
    }

    public Task<bool> DeadLetterAsync(JobLease lease, string reason, CancellationToken cancellation) => queue.DeadLetterAsync(lease, reason, cancellation);

    public Task<QueueDepth> MeasureAsync(CancellationToken cancellation) => queue.MeasureAsync(cancellation);

    public Task<IReadOnlyList<DeadLetter>> ListDeadLettersAsync(string? afterId, int limit, CancellationToken cancellation) => queue.ListDeadLettersAsync(afterId, limit, cancellation);

    public Task<DeadLetter?> FindDeadLetterAsync(string deadLetterId, CancellationToken cancellation) => queue.FindDeadLetterAsync(deadLetterId, cancellation);

    public Task<RedriveResult> RedriveAsync(string deadLetterId, CancellationToken cancellation) => queue.RedriveAsync(deadLetterId, cancellation);

    public Task<bool> DiscardAsync(string deadLetterId, CancellationToken cancellation) => queue.DiscardAsync(deadLetterId, cancellation);
}
