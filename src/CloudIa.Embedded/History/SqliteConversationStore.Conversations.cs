using CloudIa.Core.Conversations;
using CloudIa.Embedded.Storage;

namespace CloudIa.Embedded.History;

/// <summary>What happens to a whole conversation.</summary>
public sealed partial class SqliteConversationStore
{
    public Task<Conversation?> ChangeAsync(ConversationKey conversation, ConversationChange change, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Change(write, conversation, change), cancellation).AsHistory();

    public Task<IReadOnlyList<Turn>?> DeleteAsync(ConversationKey conversation, DateTimeOffset now, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Delete(write, conversation, now), cancellation).AsHistory();

    private static Conversation? Change(Statements write, ConversationKey conversation, ConversationChange change)
    {
        if (FindConversation(write, conversation) is not { } before)
        {
            return null;
        }

        // Where the first message still waits there is no row yet: the begin finds this one and keeps what it says.
        var after = before with
        {
            Title = change.Title ?? before.Title,
            SystemPrompt = change.SystemPrompt is { } prompt ? (prompt.Length > 0 ? prompt : null) : before.SystemPrompt,
        };
        write.Execute(
            """
            INSERT INTO conversations (conversation_id, owner, title, created_at, updated_at, turns, system_prompt) VALUES ($1, $2, $3, $4, $5, 0, $6)
            ON CONFLICT (conversation_id, owner) DO UPDATE SET title = excluded.title, system_prompt = excluded.system_prompt
            """,
            conversation.ConversationId,
            conversation.Owner,
            after.Title,
            after.CreatedAt.ToUnixTimeMilliseconds(),
            after.UpdatedAt.ToUnixTimeMilliseconds(),
            after.SystemPrompt);
        if (change.Title is { } title)
        {
            SearchIndex.SetTitle(write, conversation, title);
        }

        return after;
    }

    private static IReadOnlyList<Turn>? Delete(Statements write, ConversationKey conversation, DateTimeOffset now)
    {
        if (FindConversation(write, conversation) is null)
        {
            return null;
        }

        IReadOnlyList<Turn> unfinished =
        [
            .. All(
                write.Bind(
                    $"SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 1 AND ended_at IS NULL ORDER BY turn",
                    conversation.ConversationId, conversation.Owner),
                ReadTurn),
            .. PendingTurns.Read(write, conversation, int.MaxValue).Reverse(),
        ];

        // The name alone stays, for whatever of it is still in the queue or in a worker's hands.
        write.Execute(
            """
            INSERT INTO conversations (conversation_id, owner, title, created_at, updated_at, turns, deleted_at) VALUES ($1, $2, '', 0, 0, 0, $3)
            ON CONFLICT (conversation_id, owner) DO UPDATE SET title = '', turns = 0, system_prompt = NULL, forked_from = NULL, forked_turn = NULL,
                deleted_at = excluded.deleted_at
            """,
            conversation.ConversationId, conversation.Owner, now.ToUnixTimeMilliseconds());
        SearchIndex.Remove(write, conversation);
        foreach (var sql in DeleteRows)
        {
            write.Execute(sql, conversation.ConversationId, conversation.Owner);
        }

        return unfinished;
    }

    /// <summary>Workers hold the jobs that are theirs in memory, and find out at their begin or finish.</summary>
    private static readonly string[] DeleteRows =
    [
        "DELETE FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 1",
        "DELETE FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 0",
        "DELETE FROM jobs WHERE conversation_id = $1 AND owner = $2",
        "DELETE FROM dead_letters WHERE conversation_id = $1 AND owner = $2",
    ];
}
