using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Core.History;

/// <summary>
/// What is kept of conversations (steps 4, 5 and 8). Every key is scoped by owner.
/// <para>Atomicity: each call is one conditional write or one read; begin and finish are the fences.
/// A job's first begin numbers its turn, and so does a stop that comes before it: turns of a conversation are
/// contiguous from 1, in the order of these.
/// A finish whose attempt is not the newest, or whose job has ended, changes nothing.</para>
/// <para>Versions: a job that regenerates a turn makes its next version, numbered by its begin (or by a stop that comes
/// before it). One version of a turn is the current one, which all reads of turns show: the newest that has text or has
/// not ended; the newest of all where there is none such.</para>
/// <para>Redrives: a failure is the one end that a job may leave, once for each time that its message was put back from
/// the dead letters (<see cref="JobMessage.Redrives"/>). The begin that takes such a message over is one write like every
/// other: same turn and version, the next attempt, of which this is the first that counts; the failure is forgotten, and
/// so is a stop that had been asked for before it. Completed and cancelled jobs stay so.</para>
/// <para>Deletion: a deleted conversation leaves its name behind, so that nothing that is still in the queue or in a
/// worker's hands brings any of it back; its jobs are as unknown as those that never were.</para>
/// <para>Text is kept whole, whatever its characters, but for U+0000, which is kept as U+FFFD. Times are kept, and told, in
/// whole milliseconds.</para>
/// <para>Errors: a call that cannot reach the engine throws <see cref="HistoryUnavailableException"/>.
/// Cancelling a write leaves it done or not done, never half done.</para>
/// </summary>
public interface IConversationStore
{
    /// <summary>
    /// Shows an accepted message to readers before its turn begins: once this is done its conversation is there, also where its
    /// begin is under way. A job that is known already stays as it is. Where this fails, the job is unknown, to a stop as well, until its begin; an engine whose queue is its history's own knows it all the same.
    /// </summary>
    Task RecordPendingAsync(JobMessage job, CancellationToken cancellation);

    /// <summary>Takes a pending message back whose commit to the queue failed. A begun one stays.</summary>
    Task WithdrawPendingAsync(JobMessage job, CancellationToken cancellation);

    /// <summary>
    /// Starts the next attempt of a job, also of one that was never recorded, or that failed and was redriven since; not of
    /// one that is known with another <see cref="JobMessage.Fingerprint"/>, where both have one. The message that begins a conversation brings the conversation's title and system prompt, unless its owner gave others
    /// before.
    /// </summary>
    Task<BeginResult> BeginAsync(JobMessage job, CancellationToken cancellation);

    /// <summary>
    /// Shows how a job waits until its next begin: <see cref="JobStatus.Deferred"/> for a provider,
    /// <see cref="JobStatus.Running"/> for another worker. The given attempt, if it is the newest, does not count; 0 stands
    /// for none, also of a job that never began. False where the attempt is stale, the job has ended or is unknown.
    /// </summary>
    Task<bool> PostponeAsync(JobMessage job, int attempt, JobStatus waits, CancellationToken cancellation);

    /// <summary>Stores a job's end. False where the attempt is stale, the job has ended or its conversation was deleted.</summary>
    Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation);

    /// <summary>
    /// Ends a waiting job at once, cancelled, with no text and attempt 0, as its conversation's next turn; marks a
    /// running one, whose worker ends it. Null where there is none.
    /// </summary>
    Task<StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation);

    Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation);

    /// <summary>Numbered turns before a number (null: all), newest first.</summary>
    Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation);

    /// <summary>Numbered turns after a number, oldest first.</summary>
    Task<IReadOnlyList<Turn>> ReadTurnsAfterAsync(ConversationKey conversation, int after, int limit, CancellationToken cancellation);

    /// <summary>All versions of a turn, oldest first.</summary>
    Task<IReadOnlyList<Turn>> ReadVersionsAsync(ConversationKey conversation, int turn, CancellationToken cancellation);

    /// <summary>Messages that wait for their turn, newest first; regenerations are none.</summary>
    Task<IReadOnlyList<Turn>> ReadPendingAsync(ConversationKey conversation, int limit, CancellationToken cancellation);

    /// <summary>Messages that have no end yet, waiting or running, in the order in which they are answered.</summary>
    Task<IReadOnlyList<Turn>> ReadUnfinishedAsync(ConversationKey conversation, int limit, CancellationToken cancellation);

    Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation);

    /// <summary>Whether the owner had a conversation of this name and deleted it.</summary>
    Task<bool> WasDeletedAsync(ConversationKey conversation, CancellationToken cancellation);

    /// <summary>Changes a conversation, also one whose first message still waits: as it is then; null where there is none.</summary>
    Task<Conversation?> ChangeAsync(ConversationKey conversation, ConversationChange change, CancellationToken cancellation);

    /// <summary>
    /// Deletes a conversation with everything in it, for good. Its jobs that had no end, which will get none now; null
    /// where there is no such conversation.
    /// </summary>
    Task<IReadOnlyList<Turn>?> DeleteAsync(ConversationKey conversation, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Makes a new conversation of the same owner with a copy of the turns up to and with one (0: none), each with its
    /// current version alone, and with title and system prompt. Neither knows of the other's later fate.
    /// </summary>
    Task<ForkResult> ForkAsync(ConversationKey conversation, int turn, string newConversationId, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>An owner's conversations, the newest message first, after the given one (null: from the top).</summary>
    Task<IReadOnlyList<Conversation>> ListAsync(string owner, ListPlace? after, int limit, CancellationToken cancellation);

    /// <summary>
    /// As the list, of those conversations whose title, ended turns' messages and answers together hold all words of a text
    /// (<see cref="SearchWords"/>), whatever their case and diacritics; of the last word its beginning is enough. A text
    /// without words finds nothing. The search reads what is the owner's, never more.
    /// </summary>
    Task<IReadOnlyList<Conversation>> SearchAsync(string owner, string text, ListPlace? after, int limit, CancellationToken cancellation);
}

/// <summary>A place in the list of conversations: just after the conversation of these two.</summary>
public readonly record struct ListPlace(DateTimeOffset UpdatedAt, string ConversationId);

/// <summary>The history's engine did not take a call.</summary>
public sealed class HistoryUnavailableException(string message, Exception? inner) : Exception(message, inner);
