using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;

namespace CloudIa.Embedded.History;

/// <summary>What happens to a whole conversation.</summary>
public sealed partial class SqliteConversationStore
{
    public Task<Conversation?> ChangeAsync(ConversationKey conversation, ConversationChange change, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Change(write, conversation, change), cancellation).AsHistory();

    public Task<IReadOnlyList<Turn>?> DeleteAsync(ConversationKey conversation, DateTimeOffset now, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Delete(write, conversation, now), cancellation).AsHistory();

    public Task<ForkResult> ForkAsync(ConversationKey conversation, int turn, string newConversationId, DateTimeOffset now, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Fork(write, conversation, turn, newConversationId, now), cancellation).AsHistory();

    private static ForkResult Fork(Statements write, ConversationKey source, int turn, string newConversationId, DateTimeOffset now)
    {
        if (FindConversation(write, source) is not { } original)
        {
            return new ForkResult.NotFound();
        }

        if (turn > original.Turns)
        {
            return new ForkResult.BeyondLast(original.Turns);
        }

        if (write.Bind(
            "SELECT 1 FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn <= $3 AND current = 1 AND status < $4 LIMIT 1",
            source.ConversationId, source.Owner, turn, (int)JobStatus.Completed).ExecuteScalar() is not null)
        {
            return new ForkResult.Busy();
        }

        var at = now.ToUnixTimeMilliseconds();
        write.Execute(
            """
            INSERT INTO conversations (conversation_id, owner, title, created_at, updated_at, turns, system_prompt, forked_from, forked_turn)
            VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $5)
            """,
            newConversationId, source.Owner, original.Title, at, turn, original.SystemPrompt, source.ConversationId);

        // Job names keep the conversation's place in time and, so, theirs together.
        write.Execute(
            """
            INSERT INTO turns (job_id, owner, conversation_id, turn, version, current, message, asked_at, asked_model, fingerprint, accepted_at, status, attempt,
                stop_asked, content, ended_at, model, input_tokens, output_tokens, cost, finish_reason, error_code, error_details)
            SELECT substr($4, 1, 24) || printf('%08x', turn), owner, $4, turn, 1, 1, message, asked_at, asked_model, '', accepted_at, status, attempt,
                0, content, ended_at, model, input_tokens, output_tokens, cost, finish_reason, error_code, error_details
            FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn <= $3 AND current = 1 ORDER BY turn
            """,
            source.ConversationId, source.Owner, turn, newConversationId);
        var fork = new ConversationKey(source.Owner, newConversationId);
        SearchIndex.AddConversation(write, fork);
        SearchIndex.SetTitle(write, fork, original.Title);
        return new ForkResult.Forked(FindConversation(write, fork)!);
    }

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
                    $"""
                    SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 1 AND ended_at IS NULL
                    UNION ALL SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND current = 0 AND ended_at IS NULL
                    ORDER BY turn, version
                    """,
                    conversation.ConversationId, conversation.Owner),
                ReadTurn),
            .. PendingTurns.ReadAll(write, conversation),
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
