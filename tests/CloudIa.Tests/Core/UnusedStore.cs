using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

/// <summary>A store of which nothing may be asked but what a test overrides.</summary>
internal abstract class UnusedStore : IConversationStore
{
    public virtual Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task WithdrawPendingAsync(JobMessage job, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<BeginResult> BeginAsync(JobMessage job, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<bool> PostponeAsync(JobMessage job, int attempt, JobStatus waits, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Turn>> ReadTurnsAfterAsync(ConversationKey conversation, int after, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Turn>> ReadVersionsAsync(ConversationKey conversation, int turn, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<ForkResult> ForkAsync(ConversationKey conversation, int turn, string newConversationId, DateTimeOffset now, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Turn>> ReadPendingAsync(ConversationKey conversation, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Turn>> ReadUnfinishedAsync(ConversationKey conversation, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<bool> WasDeletedAsync(ConversationKey conversation, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<Conversation?> ChangeAsync(ConversationKey conversation, ConversationChange change, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Turn>?> DeleteAsync(ConversationKey conversation, DateTimeOffset now, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Conversation>> SearchAsync(string owner, string text, ListPlace? after, int limit, CancellationToken cancellation) => throw new NotSupportedException();

    public virtual Task<IReadOnlyList<Conversation>> ListAsync(string owner, ListPlace? after, int limit, CancellationToken cancellation) => throw new NotSupportedException();
}
