using Amazon.DynamoDBv2;
using Amazon.SQS;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Queue;

/// <summary>
/// The queue on many machines: one SQS FIFO queue, a group a conversation. A lease is the message's visibility timeout, a
/// delay is a longer one, and the group waits behind both. Dead letters lie in the table (<see cref="LetterTable"/>); the
/// engine's own dead-letter queue is a net, which is emptied into them.
/// </summary>
public sealed partial class SqsJobQueue : IJobQueue, IAsyncDisposable
{
    /// <summary>Seconds that a message may be hidden at once, as the engine has it.</summary>
    private const int MaxSeconds = 43_200;

    /// <summary>Seconds that a message waits at most for having come often.</summary>
    private const int MostToSpareReceives = 30;

    private readonly AwsOptions options;
    private readonly QueueOptions queueOptions;
    private readonly IConversationStore store;
    private readonly TimeProvider time;
    private readonly ILogger<SqsJobQueue> logger;
    private readonly SqsChannel channel;
    private readonly SqsChannel net;
    private readonly LetterTable letters;
    private readonly IdleClaims claims;
    private readonly HeldLeases held;

    public SqsJobQueue(
        IAmazonSQS sqs, IAmazonDynamoDB dynamo, IConversationStore store, AwsOptions options, QueueOptions queueOptions, TimeProvider time, ILogger<SqsJobQueue> logger)
    {
        this.options = options;
        this.queueOptions = queueOptions;
        this.store = store;
        this.time = time;
        this.logger = logger;
        channel = new SqsChannel(sqs, options.Queue, options);
        net = new SqsChannel(sqs, options.DeadLetterQueue, options);
        letters = new LetterTable(dynamo, options, time);
        claims = new IdleClaims(dynamo, store, options, time, logger);
        held = new HeldLeases(time);
        sweptAt = time.GetUtcNow();
    }

    public async Task<EnqueueResult> EnqueueAsync(JobMessage job, EnqueueCondition condition, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var entry = SqsMessage.Format(job);
        if (condition == EnqueueCondition.ConversationIdle && !await claims.TakeAsync(job, cancellation))
        {
            return EnqueueResult.Busy;
        }

        try
        {
            // The engine does not say whether it had the message already.
            await channel.SendAsync(entry, cancellation);
            return EnqueueResult.Added;
        }
        catch when (condition == EnqueueCondition.ConversationIdle)
        {
            await claims.DropAsync(job);
            throw;
        }
    }

    public async Task<bool> CompleteAsync(JobLease lease, CancellationToken cancellation) =>
        held.Find(lease.Receipt) is { } message
        && await channel.DeleteAsync(message.Receipt, cancellation)
        && held.End(message.Receipt);

    public async Task<bool> ReleaseAsync(JobLease lease, TimeSpan delay, CancellationToken cancellation)
    {
        if (held.Find(lease.Receipt) is not { } message)
        {
            return false;
        }

        // What has come often already comes less often, long before the engine gives up on it.
        var seconds = (int)Math.Clamp(Math.Ceiling(delay.TotalSeconds), 0, MaxSeconds);
        seconds = seconds == 0 ? 0 : Math.Max(seconds, Math.Min(MostToSpareReceives, SqsMessage.ReceivesOf(message.Message) / 20));
        var until = time.GetUtcNow().AddSeconds(seconds);
        if (!await channel.ChangeAsync(message.Receipt, seconds, cancellation) || !held.End(message.Receipt))
        {
            return false;
        }

        if (seconds > 0)
        {
            held.Park(message, until);
        }

        return true;
    }

    /// <summary>Only what this process parked: no other knows the receipt.</summary>
    public async Task<bool> HastenAsync(ConversationKey conversation, CancellationToken cancellation) =>
        held.Unpark(SqsMessage.GroupOf(conversation)) is { } receipt && await channel.ChangeAsync(receipt, 0, cancellation);

    public async Task<bool> ExtendAsync(JobLease lease, CancellationToken cancellation)
    {
        // From before the call, so that the engine's lease is never the shorter one.
        var until = time.GetUtcNow() + queueOptions.Lease;
        if (held.Find(lease.Receipt) is not { } message)
        {
            return false;
        }

        var extended = await channel.ChangeAsync(message.Receipt, queueOptions.LeaseSeconds, cancellation);
        if (extended)
        {
            held.Extend(message, until);
        }
        else
        {
            held.End(message.Receipt);
        }

        return extended;
    }

    public async Task<QueueDepth> MeasureAsync(CancellationToken cancellation)
    {
        var waiting = channel.CountAsync(cancellation);
        var dead = letters.CountAsync(cancellation);
        return new QueueDepth(await waiting, OldestEnqueuedAt: null, await dead);
    }

    public async ValueTask DisposeAsync() => await CloseAsync();
}
