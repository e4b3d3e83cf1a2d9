using System.Collections.Concurrent;
using CloudIa.Core.Conversations;

namespace CloudIa.Core.Intake;

/// <summary>
/// An account an owner, in the memory of one process: a bucket of tokens, full for an owner who was away for a window and
/// refilled evenly, and the jobs in flight. Each call is one step.
/// </summary>
public sealed class OwnerAccounts
{
    /// <summary>In which an owner has so many requests.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Account> accounts = new();
    private readonly QuotaOptions options;
    private readonly TimeProvider time;
    private long sweptAt;

    public OwnerAccounts(QuotaOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        sweptAt = time.GetTimestamp();
    }

    /// <summary>Counts one request.</summary>
    public QuotaDecision Admit(string owner) => Decide(owner, null);

    /// <summary>Counts one request, and holds a place for its job.</summary>
    public QuotaDecision Reserve(JobKey job) => Decide(job.Owner, JobIds.IdOf(job.JobId));

    /// <summary>Gives back what one reservation or hold had; false where there is none here.</summary>
    public bool Release(JobKey job)
    {
        if (!accounts.TryGetValue(job.Owner, out var account))
        {
            return false;
        }

        lock (account)
        {
            return account.Release(JobIds.IdOf(job.JobId));
        }
    }

    /// <summary>Frees the place of a job.</summary>
    public void Settle(JobKey job)
    {
        if (accounts.TryGetValue(job.Owner, out var account))
        {
            lock (account)
            {
                account.Settle(JobIds.IdOf(job.JobId));
            }
        }
    }

    /// <summary>Holds a place whatever the limit.</summary>
    public void Hold(JobKey job)
    {
        while (true)
        {
            var account = AccountOf(job.Owner);
            lock (account)
            {
                if (!account.Forgotten)
                {
                    account.TryHold(JobIds.IdOf(job.JobId), int.MaxValue);
                    return;
                }
            }
        }
    }

    private QuotaDecision Decide(string owner, UInt128? job)
    {
        Sweep();
        while (true)
        {
            var account = AccountOf(owner);
            lock (account)
            {
                if (!account.Forgotten)
                {
                    return Decide_NeedsLock(account, job);
                }
            }
        }
    }

    private QuotaDecision Decide_NeedsLock(Account account, UInt128? job)
    {
        var limit = options.RequestsPerMinute;
        var perSecond = limit / Window.TotalSeconds;
        var now = time.GetTimestamp();
        account.Tokens = Math.Min(limit, account.Tokens + (time.GetElapsedTime(account.At, now).TotalSeconds * perSecond));
        account.At = now;
        if (account.Tokens < 1)
        {
            var wait = TimeSpan.FromSeconds((1 - account.Tokens) / perSecond);
            return new QuotaDecision(QuotaRefusal.Requests, limit, 0, Window, wait);
        }

        account.Tokens--;
        return job is { } id && !account.TryHold(id, options.JobsInFlight)
            ? new QuotaDecision(QuotaRefusal.Jobs, limit, (int)account.Tokens, Window, QuotaOptions.PlaceRetryAfter)
            : new QuotaDecision(QuotaRefusal.None, limit, (int)account.Tokens, Window, TimeSpan.Zero);
    }

    /// <summary>One that was forgotten since is to be asked for again: whoever comes has another already.</summary>
    private Account AccountOf(string owner) =>
        accounts.GetOrAdd(owner, static (_, full) => new Account(full.Tokens, full.At), (Tokens: (double)options.RequestsPerMinute, At: time.GetTimestamp()));

    /// <summary>Once a window, forgets the owners whose buckets are full again and who have no job: memory is bounded by who asked in two windows.</summary>
    private void Sweep()
    {
        var last = Interlocked.Read(ref sweptAt);
        var now = time.GetTimestamp();
        if (time.GetElapsedTime(last, now) < Window || Interlocked.CompareExchange(ref sweptAt, now, last) != last)
        {
            return;
        }

        foreach (var (owner, account) in accounts)
        {
            lock (account)
            {
                if (account.IsIdle && time.GetElapsedTime(account.At, now) >= Window)
                {
                    account.Forgotten = true;
                    accounts.TryRemove(KeyValuePair.Create(owner, account));
                }
            }
        }
    }

    private sealed class Account(double tokens, long at)
    {
        private JobIds jobs;

        /// <summary>What posts of a key hold beside the first of them; there are seldom any.</summary>
        private List<UInt128>? more;

        public double Tokens { get; set; } = tokens;

        public long At { get; set; } = at;

        public bool Forgotten { get; set; }

        public bool IsIdle => jobs.Count == 0;

        public bool TryHold(UInt128 job, int limit)
        {
            if (jobs.Contains(job))
            {
                (more ??= []).Add(job);
                return true;
            }

            if (jobs.Count >= limit)
            {
                return false;
            }

            jobs.Add(job);
            return true;
        }

        public bool Release(UInt128 job) => more?.Remove(job) == true || jobs.Remove(job);

        public void Settle(UInt128 job)
        {
            if (jobs.Remove(job))
            {
                more?.RemoveAll(held => held == job);
            }
        }
    }
}
