using System.Collections.Concurrent;
using System.Security.Cryptography;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>
/// Delivery between nodes over Redis. A node writes its workers' answers, tells its own feeds at once and the others by a
/// small word on their owner's channel, upon which they read the text from where they stand. Whatever Redis loses is
/// given again by the worker while it runs, and by the history after.
/// </summary>
public sealed partial class RedisDeliveryBus : IDeliveryBus, IAsyncDisposable
{
    /// <summary>Seconds for which the mark of an ended job refuses what comes late.</summary>
    private const int EndSeconds = 600;

    /// <summary>Characters of an end that are told with it; of a longer one the history is read.</summary>
    private const int LongestEnd = 8 * 1024;

    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>How often Redis is asked about an answer that does not grow.</summary>
    private static readonly TimeSpan DoubtAfter = TimeSpan.FromSeconds(5);

    /// <summary>An answer that has not grown for so long is no worker's any more.</summary>
    private static readonly TimeSpan LeftAfter = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<JobKey, RedisAnswer> answers = new();
    private readonly OwnerFeeds feeds = new();
    private readonly string node = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(BusWord.NodeLength / 2));
    private readonly RedisLink link;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource closing = new();
    private readonly Task keeping;

    public RedisDeliveryBus(RedisLink link, TimeProvider time)
    {
        this.link = link;
        this.time = time;
        stopsChannel = new Listening(link, BusNames.Stops, HearStop);
        nodeChannel = new Listening(link, BusNames.Node(node), HearReply);
        link.Back += OnBack;
        keeping = Task.Run(KeepAsync);
    }

    public DeliveryState State => link.Unsettled ? DeliveryState.Away : DeliveryState.Lossy;

    /// <summary>Where this node alone is told something.</summary>
    internal RedisChannel Channel => BusNames.Node(node);

    public async ValueTask DisposeAsync()
    {
        link.Back -= OnBack;
        await closing.CancelAsync();
        await keeping;
        closing.Dispose();
        Close();
    }

    public async ValueTask<bool> StartAsync(JobMessage job, MessageStarted started, MessageRestarted? restarted, CancellationToken cancellation)
    {
        var answer = answers.GetOrAdd(job.Key, static (key, bus) => new RedisAnswer(bus.link, key, bus.node, bus.time), this);
        ServerEvent[] words = restarted is null ? [started] : [restarted, started];
        if (!await answer.StartAsync(EventHead.Of(job, started.Timestamp), started.Attempt, words))
        {
            return false;
        }

        foreach (var word in words)
        {
            feeds.Announce(job.Owner, word);
        }

        return true;
    }

    public ValueTask<bool> AppendAsync(JobKey job, Position at, string delta, CancellationToken cancellation)
    {
        var taken = answers.TryGetValue(job, out var answer) && answer.Append(at, delta);
        if (taken)
        {
            feeds.Grew(job.Owner, job.JobId);
        }

        return ValueTask.FromResult(taken);
    }

    public async ValueTask PublishAsync(string owner, ServerEvent published, CancellationToken cancellation)
    {
        feeds.Announce(owner, published);
        if (OwnerFeeds.JobOf(published) is { } jobId && answers.TryGetValue(new JobKey(owner, jobId), out var answer))
        {
            // What was said of the job before is heard before.
            await answer.BroughtAsync();
        }

        if (await link.TryAsync(redis => redis.PublishAsync(BusNames.Owner(owner), BusWord.Announced(node, published))) is (false, _))
        {
            KeepUnsaid(owner, published);
        }
    }

    public async ValueTask EndAsync(JobKey job, ServerEvent end, CancellationToken cancellation)
    {
        var attempt = AttemptOf(end);
        if (answers.TryRemove(job, out var answer))
        {
            answer.End(int.MaxValue);
        }

        feeds.Announce(job.Owner, end);
        var word = LengthOf(end) > LongestEnd ? BusWord.Ended(node, job.JobId) : BusWord.Announced(node, end);
        if (await link.TryAsync(redis => redis.ScriptEvaluateAsync(
            AnswerScripts.End, BusNames.Answer(job), [attempt, EndSeconds, BusNames.Owner(job.Owner).ToString(), word])) is (false, _))
        {
            KeepUnsaid(job.Owner, BusWord.Ended(node, job.JobId));
        }
    }

    public async ValueTask<AnswerSlice?> ReadAsync(JobKey job, Position from, int limit, CancellationToken cancellation)
    {
        var mine = answers.TryGetValue(job, out var answer) && !answer.Over ? answer : null;
        if (mine is not null && from.Attempt <= mine.Attempt)
        {
            return mine.Read(from, limit);
        }

        var (answered, held) = await ReadHeldAsync(job, from, limit);
        return mine is not null && answered && !(held?.From.Attempt > mine.Attempt) ? mine.Read(from, limit) : held;
    }

    private static int LengthOf(ServerEvent end) => end switch
    {
        MessageCompleted completed => completed.Content?.Length ?? 0,
        MessageStopped stopped => stopped.Content?.Length ?? 0,
        _ => 0,
    };

    private static int AttemptOf(ServerEvent end) => end switch
    {
        MessageCompleted completed => completed.Attempt,
        MessageStopped stopped => stopped.Attempt,
        ErrorEvent { Attempt: { } attempt } => attempt,
        _ => 0,
    };

    /// <summary>Redis was away: what runs is brought to it again, and whoever waits for a word looks.</summary>
    private void OnBack() => wake.Release();

    /// <summary>Once a second, and when Redis is back, sees to what may have gone wrong meanwhile.</summary>
    private async Task KeepAsync()
    {
        // Stops are heard as soon as the node is there.
        var listens = false;
        while (!closing.IsCancellationRequested)
        {
            try
            {
                if (!listens)
                {
                    listens = true;
                    await ListenToNodesAsync();
                }

                var back = await wake.WaitAsync(Tick, closing.Token);
                await KeepAsync(back);
            }
            catch (OperationCanceledException)
            {
                // It closes.
            }
#pragma warning disable CA1031 // Whatever happens, the next second is looked at, too.
            catch (Exception error)
#pragma warning restore CA1031
            {
                link.Tell(error);
            }
        }
    }

    private async Task KeepAsync(bool back)
    {
        foreach (var (job, answer) in answers)
        {
            if (answer.Over || time.GetElapsedTime(answer.GrewAt) > LeftAfter)
            {
                answers.TryRemove(KeyValuePair.Create(job, answer));
                continue;
            }

            answer.Doubt(back ? TimeSpan.Zero : DoubtAfter);
        }

        await KeepListeningAsync(back);
        await KeepConnectionsAsync(back);
        if (link.Away)
        {
            // Somebody has to find out that it is back.
            await link.TryAsync(static redis => redis.PingAsync());
        }

        SayUnsaid();
    }
}
