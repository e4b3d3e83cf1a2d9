using System.Runtime.InteropServices;
using System.Text.Json;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>
/// An answer that this node's worker writes. Its text is here, and is brought to Redis by one call at a time, each with
/// what grew during the last: so the worker waits for no network, and where Redis was away, or forgot, it is given again
/// what it lacks.
/// </summary>
internal sealed class RedisAnswer(RedisLink link, JobKey job, string node, TimeProvider time)
{
    /// <summary>The shortest time between two calls for one answer: at most 50 a second.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    private readonly AnswerLog log = new();
    private readonly Lock gate = new();
    private readonly RedisKey[] keys = BusNames.Answer(job);
    private EventHead head;
    private RedisValue headJson;
    private Position brought;
    private bool unsure;
    private bool starting;
    private bool bringing;
    private long broughtAt = time.GetTimestamp();
    private bool over;
    private Task done = Task.CompletedTask;

    /// <summary>Seconds that a text outlives its last growth.</summary>
    public const int TextSeconds = 3600;

    /// <summary>When it last grew, or began.</summary>
    public long GrewAt { get; private set; } = time.GetTimestamp();

    /// <summary>The newest attempt here.</summary>
    public int Attempt => log.End.Attempt;

    /// <summary>Another node has begun a newer attempt, or the job has ended.</summary>
    public bool Over => Volatile.Read(ref over);

    /// <summary>Begins an attempt here, then in Redis. False where either knows it, or a newer one.</summary>
    public async ValueTask<bool> StartAsync(EventHead started, int attempt, IReadOnlyList<ServerEvent> words)
    {
        lock (gate)
        {
            if (!log.Start(started, attempt))
            {
                return false;
            }

            head = started;
            headJson = JsonSerializer.Serialize(started, BusJson.Default.EventHead);
            brought = new Position(attempt, 0);
            starting = true;
            GrewAt = time.GetTimestamp();
            Volatile.Write(ref over, false);
        }

        RedisValue[] arguments = [attempt, headJson, TextSeconds, Channel, .. words.Select(word => (RedisValue)BusWord.Announced(node, word))];
        var (answered, begun) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(AnswerScripts.Start, keys, arguments));
        var refused = answered && (int)begun! == 0;
        lock (gate)
        {
            starting = false;
            unsure = !answered;
            Volatile.Write(ref over, refused);
        }

        Bring();
        return !refused;
    }

    public bool Append(Position at, string delta)
    {
        lock (gate)
        {
            if (over || !log.Append(at, delta))
            {
                return false;
            }

            GrewAt = time.GetTimestamp();
        }

        Bring();
        return true;
    }

    public AnswerSlice Read(Position from, int limit) => log.Read(from, limit);

    /// <summary>Another node says that it has an attempt.</summary>
    public void Heard(int attempt)
    {
        if (attempt > Attempt)
        {
            End(Attempt);
        }
    }

    /// <summary>No more of the attempt, or of an older one, is taken or brought.</summary>
    public void End(int attempt)
    {
        lock (gate)
        {
            if (attempt >= log.End.Attempt)
            {
                Volatile.Write(ref over, true);
            }
        }
    }

    /// <summary>Redis may have forgotten what it was brought, or know of a newer attempt: it is asked, unless it was just heard.</summary>
    /// <param name="after">How long ago it was heard at least.</param>
    public void Doubt(TimeSpan after)
    {
        lock (gate)
        {
            unsure |= time.GetElapsedTime(broughtAt) >= after;
        }

        Bring();
    }

    /// <summary>Brings Redis what it lacks, unless that is being done.</summary>
    public void Bring()
    {
        lock (gate)
        {
            if (!bringing && IsWanted_NeedsLock)
            {
                bringing = true;
                done = Task.Run(BringSafelyAsync);
            }
        }
    }

    /// <summary>What was appended before this is in Redis, if it answers.</summary>
    public Task BroughtAsync()
    {
        Bring();
        lock (gate)
        {
            return done;
        }
    }

    private RedisValue Channel => BusNames.Owner(job.Owner).ToString();

    // Not while an attempt is announced: text before that word would begin the attempt.
    private bool IsWanted_NeedsLock => !over && !starting && (unsure || brought != log.End);

    private async Task BringSafelyAsync()
    {
        try
        {
            await BringAllAsync();
        }
#pragma warning disable CA1031 // Whatever Redis said, it is asked again.
        catch (Exception error)
#pragma warning restore CA1031
        {
            link.Tell(error);
            lock (gate)
            {
                (unsure, bringing) = (true, false);
            }
        }
    }

    private async Task BringAllAsync()
    {
        while (true)
        {
            Position from;
            RedisValue[] arguments;
            lock (gate)
            {
                if (!IsWanted_NeedsLock)
                {
                    bringing = false;
                    return;
                }

                from = brought;
                unsure = false;
                arguments =
                [
                    from.Attempt, headJson, TextSeconds, Channel, BusWord.Grew(node, from.Attempt, head.JobId), from.Offset,
                    MemoryMarshal.AsBytes(log.CopyAfter(from).AsSpan()).ToArray(),
                ];
            }

            var (answered, held) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(AnswerScripts.Append, keys, arguments));
            if (!Take(from.Attempt, answered, answered ? (int)held! : 0))
            {
                return;
            }

            await Task.Delay(Gather, time);
        }
    }

    /// <summary>False where there is nothing more to bring for now.</summary>
    private bool Take(int attempt, bool answered, int held)
    {
        lock (gate)
        {
            if (!answered)
            {
                unsure = true;
                bringing = false;
                return false;
            }

            if (brought.Attempt != attempt)
            {
                return true;
            }

            if (held < 0)
            {
                Volatile.Write(ref over, true);
            }
            else
            {
                brought = new Position(attempt, Math.Min(held, log.End.Offset));
                broughtAt = time.GetTimestamp();
            }

            return true;
        }
    }
}
