using CloudIa.Core.Conversations;

namespace CloudIa.Core.Intake;

/// <summary>
/// How much an owner may ask for (step 1): requests in a window, and jobs in flight, which are those that were accepted
/// and have no end; and what may be used once. Decides before any work is done.
/// <para>Atomicity: each call is one step; concurrent ones of an owner never exceed a limit together.</para>
/// <para>Duplicates: a job has one place, however many posts of its key hold it. It is free once each of them gave it
/// back, or once the job was settled, and neither does harm where there is none.</para>
/// <para>Crashes: what is in the queue when a process starts has its place. One that was reserved by a process which died
/// before its commit is free after a bounded time.</para>
/// <para>Errors: none. An engine that is away admits by the node's own count. A cancelled reservation holds nothing.</para>
/// </summary>
public interface IQuota
{
    /// <summary>Counts one request of an owner's that makes no job.</summary>
    ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation);

    /// <summary>
    /// Counts one request, also where it is refused for its job, and holds a place for the job. One that has a place
    /// already is admitted at the limit, too.
    /// </summary>
    ValueTask<QuotaDecision> ReserveAsync(JobKey job, CancellationToken cancellation);

    /// <summary>Holds a place whatever the limit, and counts no request: for a dead letter that is put back, before it is.</summary>
    ValueTask HoldAsync(JobKey job);

    /// <summary>Gives back what one reservation or hold had, because it added no job to the queue.</summary>
    ValueTask ReleaseAsync(JobKey job);

    /// <summary>
    /// Frees the place of a job: by whoever stored its end, before that is told, and by the worker whose job has left the
    /// queue, in case the first died.
    /// </summary>
    ValueTask SettleAsync(JobKey job);

    /// <summary>
    /// Spends what is good for one use, on whichever node: true for the first who does, false for all others. With the
    /// engine away each node knows of its own uses alone; a process or an engine that starts anew knows of none.
    /// </summary>
    /// <param name="permit">Its name, which no other has.</param>
    /// <param name="keeps">How long it is known that it was spent: longer than it is good.</param>
    /// <param name="cancellation">Gives up; it may have been spent.</param>
    ValueTask<bool> SpendAsync(string permit, TimeSpan keeps, CancellationToken cancellation);
}

/// <summary>Whether a request may go on, and what the headers say of it.</summary>
/// <param name="Refusal">Why it may not.</param>
/// <param name="Limit">Requests in a window.</param>
/// <param name="Remaining">Requests left now.</param>
/// <param name="Window">The window.</param>
/// <param name="RetryAfter">Where refused: when to come again.</param>
public readonly record struct QuotaDecision(QuotaRefusal Refusal, int Limit, int Remaining, TimeSpan Window, TimeSpan RetryAfter)
{
    public bool Admitted => Refusal == QuotaRefusal.None;
}

/// <summary>Which limit refuses a request.</summary>
public enum QuotaRefusal
{
    None,

    /// <summary>Requests in a window; the next one is admitted after <see cref="QuotaDecision.RetryAfter"/>.</summary>
    Requests,

    /// <summary>Jobs in flight. When one ends is not known: <see cref="QuotaOptions.PlaceRetryAfter"/>.</summary>
    Jobs,
}
