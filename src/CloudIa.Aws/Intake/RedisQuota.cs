using System.Collections.Concurrent;
using System.Globalization;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using StackExchange.Redis;

namespace CloudIa.Aws.Intake;

/// <summary>
/// An account an owner, in Redis, which all nodes share; each call is one script. While Redis is away a node counts for
/// itself, from nothing; what it could not give back is given back later.
/// </summary>
public sealed class RedisQuota : IQuota
{
    /// <summary>A place that a node gave by itself is held for so long: its job may end on another node, and is not heard of here.</summary>
    private static readonly TimeSpan OwnPlacesLive = TimeSpan.FromMinutes(1);

    /// <summary>Jobs whose places are to be given back: what an outage of minutes leaves on one node. Places beyond it end by themselves.</summary>
    private const int MostLate = 20_000;

    private readonly OwnerAccounts own;
    private readonly SpentPermits ownSpent;
    private readonly ConcurrentQueue<(JobKey Job, long At)> ownPlaces = new();
    private readonly ConcurrentDictionary<JobKey, byte> unsure = new();
    private readonly ConcurrentDictionary<JobKey, string> late = new();
    private readonly RedisLink link;
    private readonly QuotaOptions options;
    private readonly TimeSpan placesLive;
    private readonly TimeProvider time;
    private Task givingBack = Task.CompletedTask;

    /// <param name="link">The way to Redis.</param>
    /// <param name="options">The limits.</param>
    /// <param name="placesLive">
    /// How long a place is held at most: longer than a job waits for its answer, and as long as a crash between a reservation
    /// and its commit keeps a place.
    /// </param>
    /// <param name="time">The clock, which should be the same on all nodes to a second.</param>
    public RedisQuota(RedisLink link, QuotaOptions options, TimeSpan placesLive, TimeProvider time)
    {
        (this.link, this.options, this.placesLive, this.time) = (link, options, placesLive, time);
        own = new OwnerAccounts(options, time);
        ownSpent = new SpentPermits(time);
        link.Back += GiveBackLate;
    }

    public async ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation) =>
        (await DecideAsync(owner, null)).Decision ?? own.Admit(owner);

    public async ValueTask<QuotaDecision> ReserveAsync(JobKey job, CancellationToken cancellation)
    {
        ForgetOwnPlaces();
        var (asked, said) = await DecideAsync(job.Owner, job.JobId);
        var decision = said ?? own.Reserve(job);
        if (said is null && decision.Admitted)
        {
            HeldHere(job, asked);
        }
        else if (said is null && asked)
        {
            await GiveBackAsync(QuotaScripts.Release, job);
        }

        if (cancellation.IsCancellationRequested)
        {
            if (decision.Admitted)
            {
                await ReleaseAsync(job);
            }

            cancellation.ThrowIfCancellationRequested();
        }

        return decision;
    }

    public async ValueTask HoldAsync(JobKey job)
    {
        var now = Now();
        if (!await TryAsync(QuotaScripts.HoldAny, job.Owner, [Text(now), job.JobId, Text(now + placesLive.TotalSeconds)]))
        {
            own.Hold(job);
            HeldHere(job, asked: false);
        }
    }

    public async ValueTask ReleaseAsync(JobKey job)
    {
        // What was reserved while Redis was away is given back here alone: there, another post's may be.
        if (!own.Release(job) || unsure.TryRemove(job, out _))
        {
            await GiveBackAsync(QuotaScripts.Release, job);
        }
    }

    public async ValueTask SettleAsync(JobKey job)
    {
        own.Settle(job);
        unsure.TryRemove(job, out _);
        await GiveBackAsync(QuotaScripts.Settle, job);
    }

    public async ValueTask<bool> SpendAsync(string permit, TimeSpan keeps, CancellationToken cancellation)
    {
        // Known here, too, so that Redis may forget it.
        if (!ownSpent.Spend(permit, keeps))
        {
            return false;
        }

        var (answered, first) = await link.TryAsync(redis => redis.StringSetAsync($"cloudia:spent:{permit}", "", keeps, When.NotExists));
        return !answered || first;
    }

    /// <param name="job">Whose place this node gave by itself.</param>
    /// <param name="asked">Redis was asked, and may have given one, too.</param>
    private void HeldHere(JobKey job, bool asked)
    {
        late.TryRemove(job, out _);
        if (asked)
        {
            unsure[job] = 0;
        }

        ownPlaces.Enqueue((job, time.GetTimestamp()));
    }

    private void ForgetOwnPlaces()
    {
        while (ownPlaces.TryPeek(out var oldest) && time.GetElapsedTime(oldest.At) >= OwnPlacesLive && ownPlaces.TryDequeue(out oldest))
        {
            own.Settle(oldest.Job);
            unsure.TryRemove(oldest.Job, out _);
        }
    }

    private async ValueTask GiveBackAsync(string script, JobKey job)
    {
        if (await TryAsync(script, job.Owner, [job.JobId]))
        {
            return;
        }

        if (late.Count < MostLate)
        {
            // A settled one stays settled.
            late.AddOrUpdate(job, script, (_, before) => before == QuotaScripts.Settle ? before : script);
        }

        if (!link.Away)
        {
            // It came back just now.
            GiveBackLate();
        }
    }

    private void GiveBackLate()
    {
        if (givingBack.IsCompleted && !late.IsEmpty)
        {
            givingBack = Task.Run(GiveBackAllAsync);
        }
    }

    private async Task GiveBackAllAsync()
    {
        foreach (var (job, script) in late)
        {
            if (late.TryRemove(KeyValuePair.Create(job, script)) && !await TryAsync(script, job.Owner, [job.JobId]))
            {
                late.TryAdd(job, script);
                return;
            }
        }
    }

    private async ValueTask<(bool Asked, QuotaDecision? Decision)> DecideAsync(string owner, string? jobId)
    {
        var (limit, window, now) = (options.RequestsPerMinute, OwnerAccounts.Window, Now());
        RedisValue[] arguments = [Text(now), limit, window.TotalSeconds, jobId ?? "", options.JobsInFlight, Text(now + placesLive.TotalSeconds)];
        var asked = false;
        var (answered, said) = await link.TryAsync(redis =>
        {
            asked = true;
            return redis.ScriptEvaluateAsync(QuotaScripts.Decide, Keys(owner), arguments);
        });
        if (!answered || (RedisValue[]?)said is not [var verdict, var remaining, var wait])
        {
            return (asked, null);
        }

        return (asked, (int)verdict switch
        {
            0 => new QuotaDecision(QuotaRefusal.None, limit, (int)remaining, window, TimeSpan.Zero),
            1 => new QuotaDecision(QuotaRefusal.Requests, limit, 0, window, TimeSpan.FromSeconds((double)wait)),
            _ => new QuotaDecision(QuotaRefusal.Jobs, limit, (int)remaining, window, QuotaOptions.PlaceRetryAfter),
        });
    }

    private async ValueTask<bool> TryAsync(string script, string owner, RedisValue[] arguments)
    {
        var (answered, _) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(script, Keys(owner), arguments));
        return answered;
    }

    private double Now() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private static string Text(double seconds) => seconds.ToString("R", CultureInfo.InvariantCulture);

    // The owner's length keeps two owners' names apart; the braces keep the three in one slot.
    private static RedisKey[] Keys(string owner)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"cloudia:quota:{{{owner.Length}:{owner}}}:");
        return [name + "requests", name + "jobs", name + "more"];
    }
}
