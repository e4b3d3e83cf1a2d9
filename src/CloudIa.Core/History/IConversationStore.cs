using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;

namespace CloudIa.Core.History;

/// <summary>
/// What is kept of conversations (steps 4, 5 and 8). Every key is scoped by owner.
/// <para>Atomicity: each call is one conditional write or one read; begin and finish are the fences.
/// A begin numbers the turn, so turns of a conversation are contiguous from 1 in the order of their begins.
/// A finish whose attempt is not the newest, or whose job has ended, changes nothing.</para>
/// <para>Errors: a call that cannot reach the engine throws <see cref="HistoryUnavailableException"/>.
/// Cancelling a write leaves it done or not done, never half done.</para>
/// </summary>
public interface IConversationStore
{
    /// <summary>Shows an accepted message to readers before its turn begins. A job that is known already stays as it is.</summary>
    Task RecordPendingAsync(JobMessage job, CancellationToken cancellation);

    /// <summary>Takes a pending message back whose commit to the queue failed. A begun one stays.</summary>
    Task WithdrawPendingAsync(JobMessage job, CancellationToken cancellation);

    /// <summary>Starts the next attempt of a job, also of one that was never recorded.</summary>
    Task<BeginResult> BeginAsync(JobMessage job, CancellationToken cancellation);

    /// <summary>Stores a job's end. False where the attempt is stale or the job has ended.</summary>
    Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation);

    /// <summary>Ends a waiting job at once; marks a running one, whose worker ends it. Null where there is none.</summary>
    Task<StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation);

    Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation);

    /// <summary>Begun turns before a number (null: all), newest first.</summary>
    Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation);

    /// <summary>Messages that wait for their turn, newest first.</summary>
    Task<IReadOnlyList<Turn>> ReadPendingAsync(ConversationKey conversation, int limit, CancellationToken cancellation);

    Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation);

    /// <summary>An owner's conversations, the newest message first, after the given one (null: from the top).</summary>
    Task<IReadOnlyList<Conversation>> ListAsync(string owner, ListPlace? after, int limit, CancellationToken cancellation);
}

/// <summary>A place in the list of conversations: just after the conversation of these two.</summary>
public readonly record struct ListPlace(DateTimeOffset UpdatedAt, string ConversationId);

/// <summary>What a begin found: one of the three below.</summary>
public abstract record BeginResult
{
    /// <summary>The attempt is this worker's.</summary>
    /// <param name="Turn">The turn's number.</param>
    /// <param name="Attempt">Counted from 1; the fence of all later writes.</param>
    public sealed record Started(int Turn, int Attempt) : BeginResult;

    /// <summary>As started, but the owner asked for a stop while no worker had the job: end it without a model call.</summary>
    public sealed record StopAsked(int Turn, int Attempt) : BeginResult;

    /// <summary>The job has ended; nothing was written.</summary>
    public sealed record Finished(Turn Turn) : BeginResult;
}

/// <summary>What a stop request found.</summary>
/// <param name="Turn">The job as it is now.</param>
/// <param name="EndedNow">True where this request ended it (it was waiting).</param>
public sealed record StopResult(Turn Turn, bool EndedNow);

/// <summary>The history's engine did not take a call.</summary>
public sealed class HistoryUnavailableException(string message, Exception? inner) : Exception(message, inner);
