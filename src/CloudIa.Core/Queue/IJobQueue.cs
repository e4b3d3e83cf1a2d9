using CloudIa.Core.Conversations;

namespace CloudIa.Core.Queue;

/// <summary>
/// The durable queue: the only place where an accepted message is committed (steps 2 and 3).
/// <para>Ordering: jobs of one conversation are leased one at a time, in the order of their commits;
/// jobs of different conversations in no promised order.</para>
/// <para>Duplicates: a job may be delivered more than once, also after it was completed; the history tells
/// (step 4). Enqueuing a job that is still in the queue adds nothing, or another message of it that the history finds out;
/// enqueuing one within five minutes of its last commit may add nothing, though it was completed since.</para>
/// <para>Attempts are counted by the history: a release costs none, whether it is a retry after a delay,
/// a wait for a provider or a drain.</para>
/// <para>Leases of a process that died end when the next one starts, or run out.</para>
/// <para>Errors: a call that cannot reach the engine throws <see cref="QueueUnavailableException"/>.
/// Cancelling a call leaves it done or not done, never half done.</para>
/// </summary>
public interface IJobQueue
{
    /// <summary>
    /// Returns once the job is durable, or was so before, or was refused by the condition. Of many that ask for an idle
    /// conversation at once, one is added.
    /// </summary>
    Task<EnqueueResult> EnqueueAsync(JobMessage job, EnqueueCondition condition, CancellationToken cancellation);

    /// <summary>
    /// Waits for work and leases from 1 to <paramref name="max"/> jobs. A message that cannot be read comes in its order
    /// and is marked so (<see cref="JobMessage.Unreadable"/>); one of which not even owner, conversation and job are
    /// known goes to the dead letters at once and is not returned.
    /// </summary>
    Task<IReadOnlyList<JobLease>> ReceiveAsync(int max, CancellationToken cancellation);

    /// <summary>Removes a job whose end is stored. False where the lease had been lost; that is harmless.</summary>
    Task<bool> CompleteAsync(JobLease lease, CancellationToken cancellation);

    /// <summary>Gives the job back, to be leased again after a delay; later jobs of its conversation wait behind it.</summary>
    Task<bool> ReleaseAsync(JobLease lease, TimeSpan delay, CancellationToken cancellation);

    /// <summary>
    /// Ends the delay with which a conversation's job was released: it can be leased at once. False where none
    /// waits so, or where the engine cannot; then the delay runs out by itself.
    /// </summary>
    Task<bool> HastenAsync(ConversationKey conversation, CancellationToken cancellation);

    /// <summary>Keeps the lease for a whole lease time from now. False where it was lost.</summary>
    Task<bool> ExtendAsync(JobLease lease, CancellationToken cancellation);

    /// <summary>
    /// Moves the job to the dead letters. Its failure must be stored before. Where that breaks off, the job comes again, and
    /// a repetition makes no second letter.
    /// </summary>
    Task<bool> DeadLetterAsync(JobLease lease, string reason, CancellationToken cancellation);

    /// <summary>How much waits, and since when.</summary>
    Task<QueueDepth> MeasureAsync(CancellationToken cancellation);

    /// <summary>
    /// Dead letters, oldest first, after the given id, whether or not that one is still there; none after an id that
    /// this queue never gave.
    /// </summary>
    Task<IReadOnlyList<DeadLetter>> ListDeadLettersAsync(string? afterId, int limit, CancellationToken cancellation);

    /// <summary>Null where there is none of that id.</summary>
    Task<DeadLetter?> FindDeadLetterAsync(string deadLetterId, CancellationToken cancellation);

    /// <summary>
    /// Puts a dead letter back into the queue, behind what is there: with one redrive more and the time of it, so that its
    /// job begins anew (<see cref="History.IConversationStore.BeginAsync"/>). Of many that redrive one letter one does; where
    /// that one dies midway, the letter is there still and can be redriven again after a while. Where its job is in the
    /// queue already, the letter goes and the history sees to it that it is answered once. One that cannot be read stays
    /// where it is.
    /// </summary>
    Task<RedriveResult> RedriveAsync(string deadLetterId, CancellationToken cancellation);

    /// <summary>Throws a dead letter away. False where there is none of that id.</summary>
    Task<bool> DiscardAsync(string deadLetterId, CancellationToken cancellation);
}

/// <summary>What must hold for a job to be added.</summary>
public enum EnqueueCondition
{
    None,

    /// <summary>
    /// No job of its conversation is without an end, of those that were added on this condition or are in the history. One
    /// whose end is stored does not count, though it may be in the queue still.
    /// </summary>
    ConversationIdle,
}

/// <summary>What became of an enqueue.</summary>
public enum EnqueueResult
{
    Added,

    /// <summary>A job of this name is in the queue; whatever the condition, nothing was added. An engine that cannot tell adds nothing and says <see cref="Added"/>.</summary>
    AlreadyThere,

    /// <summary>The conversation was not idle; nothing was added.</summary>
    Busy,
}

/// <summary>What became of a redrive.</summary>
public enum RedriveResult
{
    /// <summary>Its job is in the queue, and the letter is no more.</summary>
    Redriven,

    /// <summary>There is no letter of that id (any more), or somebody else redrives it.</summary>
    NotFound,

    /// <summary>Its body cannot be read, so there is nothing to put back; it can be discarded.</summary>
    Unreadable,
}

/// <summary>The right to work on a job until it runs out.</summary>
/// <param name="Job">The job.</param>
/// <param name="Receipt">Names this lease; a later lease of the same job has another.</param>
public sealed record JobLease(JobMessage Job, string Receipt);

/// <summary>Jobs that wait (leased ones included; of some engines about) and when the oldest came; null where none waits, or the engine does not say.</summary>
public sealed record QueueDepth(long Waiting, DateTimeOffset? OldestEnqueuedAt, long DeadLetters);

/// <summary>A message that the service gave up on.</summary>
/// <param name="Id">Names it; ids order by age.</param>
/// <param name="Job">What it asked for; of one that cannot be read what is known of it (<see cref="JobMessage.Unreadable"/>).</param>
/// <param name="Reason">One of the error codes.</param>
/// <param name="DeadAt">When it was given up.</param>
public sealed record DeadLetter(string Id, JobMessage Job, string Reason, DateTimeOffset DeadAt)
{
    /// <summary>Of one that cannot be read: what lies there instead.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }
}

/// <summary>The queue's engine did not take a call. Nothing was lost: the caller knows that it failed.</summary>
/// <param name="message">What the engine said.</param>
/// <param name="full">Whether the engine has no room (a full disk), rather than being away.</param>
/// <param name="inner">The engine's own error.</param>
public sealed class QueueUnavailableException(string message, bool full, Exception? inner) : Exception(message, inner)
{
    public bool Full { get; } = full;
}
