using System.Globalization;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using StackExchange.Redis;

namespace CloudIa.Aws.Intake;

/// <summary>
/// An account an owner, in Redis, which all nodes share; each call is one script. While Redis is away a node counts for
/// itself, from nothing.
/// </summary>
/// <param name="link">The way to Redis.</param>
/// <param name="options">The limits.</param>
/// <param name="placesLive">
/// How long a place is held at most: longer than a job waits for its answer, and as long as a crash between a reservation
/// and its commit keeps a place.
/// </param>
/// <param name="time">The clock, which should be the same on all nodes to a second.</param>
public sealed class RedisQuota(RedisLink link, QuotaOptions options, TimeSpan placesLive, TimeProvider time) : IQuota
{
    private readonly OwnerAccounts own = new(options, time);

    public async ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation) =>
        await DecideAsync(owner, null) ?? own.Admit(owner);

    public async ValueTask<QuotaDecision> ReserveAsync(JobKey job, CancellationToken cancellation)
    {
        var decision = await DecideAsync(job.Owner, job.JobId) ?? own.Reserve(job);
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
        }
    }

    public async ValueTask ReleaseAsync(JobKey job)
    {
        // What was reserved while Redis was away is given back here alone: there, another post's may be.
        if (!own.Release(job))
        {
            await TryAsync(QuotaScripts.Release, job.Owner, [job.JobId]);
        }
    }

    public async ValueTask SettleAsync(JobKey job)
    {
        own.Settle(job);
        await TryAsync(QuotaScripts.Settle, job.Owner, [job.JobId]);
    }

    private async ValueTask<QuotaDecision?> DecideAsync(string owner, string? jobId)
    {
        var (limit, window, now) = (options.RequestsPerMinute, OwnerAccounts.Window, Now());
        RedisValue[] arguments = [Text(now), limit, window.TotalSeconds, jobId ?? "", options.JobsInFlight, Text(now + placesLive.TotalSeconds)];
        var (answered, said) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(QuotaScripts.Decide, Keys(owner), arguments));
        if (!answered || (RedisValue[]?)said is not [var verdict, var remaining, var wait])
        {
            return null;
        }

        return (int)verdict switch
        {
            0 => new QuotaDecision(QuotaRefusal.None, limit, (int)remaining, window, TimeSpan.Zero),
            1 => new QuotaDecision(QuotaRefusal.Requests, limit, 0, window, TimeSpan.FromSeconds((double)wait)),
            _ => new QuotaDecision(QuotaRefusal.Jobs, limit, (int)remaining, window, QuotaOptions.PlaceRetryAfter),
        };
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
