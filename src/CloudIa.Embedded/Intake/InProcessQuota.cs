using System.Collections.Concurrent;
using CloudIa.Core.Intake;

namespace CloudIa.Embedded.Intake;

/// <summary>Token buckets in memory: full for an owner who was away for a window, refilled evenly.</summary>
public sealed class InProcessQuota(QuotaOptions options, TimeProvider time) : IQuota
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Bucket> buckets = new();
    private long sweptAt = time.GetTimestamp();

    public ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation)
    {
        Sweep();
        while (true)
        {
            var bucket = buckets.GetOrAdd(owner, static (_, full) => new Bucket(full.Tokens, full.At), (Tokens: (double)options.RequestsPerMinute, At: time.GetTimestamp()));
            lock (bucket)
            {
                // Forgotten between the two lines above: whoever comes has another bucket already.
                if (!bucket.Forgotten)
                {
                    return ValueTask.FromResult(Take_NeedsLock(bucket));
                }
            }
        }
    }

    private QuotaDecision Take_NeedsLock(Bucket bucket)
    {
        var perSecond = options.RequestsPerMinute / Window.TotalSeconds;
        var now = time.GetTimestamp();
        bucket.Tokens = Math.Min(options.RequestsPerMinute, bucket.Tokens + (time.GetElapsedTime(bucket.At, now).TotalSeconds * perSecond));
        bucket.At = now;
        if (bucket.Tokens >= 1)
        {
            bucket.Tokens--;
            return new QuotaDecision(true, options.RequestsPerMinute, (int)bucket.Tokens, Window, TimeSpan.Zero);
        }

        var wait = TimeSpan.FromSeconds((1 - bucket.Tokens) / perSecond);
        return new QuotaDecision(false, options.RequestsPerMinute, 0, Window, wait);
    }

    /// <summary>Once a window, forgets the owners whose buckets are full again: memory is bounded by who asked in two windows.</summary>
    private void Sweep()
    {
        var last = Interlocked.Read(ref sweptAt);
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(last, now) < Window || Interlocked.CompareExchange(ref sweptAt, now, last) != last)
        {
            return;
        }

        foreach (var (owner, bucket) in buckets)
        {
            lock (bucket)
            {
                if (time.GetElapsedTime(bucket.At, now) >= Window)
                {
                    bucket.Forgotten = true;
                    buckets.TryRemove(KeyValuePair.Create(owner, bucket));
                }
            }
        }
    }

    private sealed class Bucket(double tokens, long at)
    {
        public double Tokens { get; set; } = tokens;

        public long At { get; set; } = at;

        public bool Forgotten { get; set; }
    }
}
