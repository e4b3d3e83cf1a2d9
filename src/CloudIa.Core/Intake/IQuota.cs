namespace CloudIa.Core.Intake;

/// <summary>
/// How much an owner may ask for (step 1). Decides before any work is done.
/// <para>Atomicity: concurrent admissions of one owner never exceed the limit together.</para>
/// <para>An engine that is away admits by the node's own count.</para>
/// </summary>
public interface IQuota
{
    /// <summary>Counts one request of an owner's.</summary>
    ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation);
}

/// <summary>Whether a request may go on, and what the headers say of it.</summary>
/// <param name="Admitted">Whether it may.</param>
/// <param name="Limit">Requests in a window.</param>
/// <param name="Remaining">Requests left now.</param>
/// <param name="Window">The window.</param>
/// <param name="RetryAfter">Where not admitted: when the next one would be.</param>
public readonly record struct QuotaDecision(bool Admitted, int Limit, int Remaining, TimeSpan Window, TimeSpan RetryAfter);
