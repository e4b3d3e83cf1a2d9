using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;

namespace CloudIa.Embedded.History;

/// <summary>Where a job's answer stands in its conversation: as the next turn, or as the next version of one.</summary>
public sealed partial class SqliteConversationStore
{
    /// <summary>A job's place, and what its conversation says at that moment.</summary>
    /// <param name="Turn">The turn's number.</param>
    /// <param name="Version">The answer's.</param>
    /// <param name="AskedAt">For a later version: when the message was accepted.</param>
    /// <param name="SystemPrompt">The conversation's.</param>
    private readonly record struct Place(int Turn, int Version, DateTimeOffset? AskedAt, string? SystemPrompt);

    /// <summary>Takes the job's place. Null where its conversation was deleted.</summary>
    private static Place? TakePlace(Statements write, JobMessage job, JobMessage first) =>
        job.Turn is { } answered ? NextVersion(write, job, answered) : NextTurn(write, job, first);

    /// <summary>Counts a job's turn in its conversation, which begins with the first message's title, time and prompt.</summary>
    private static Place? NextTurn(Statements write, JobMessage job, JobMessage first)
    {
        using var row = write.Bind(
            """
            INSERT INTO conversations (conversation_id, owner, title, created_at, updated_at, turns, system_prompt) VALUES ($1, $2, $3, $4, $5, 1, $6)
            ON CONFLICT (conversation_id, owner) DO UPDATE SET turns = turns + 1, updated_at = max(updated_at, excluded.updated_at)
                WHERE deleted_at IS NULL
            RETURNING turns, system_prompt
            """,
            job.ConversationId,
            job.Owner,
            ConversationTitle.From(first.Message),
            first.AcceptedAt.ToUnixTimeMilliseconds(),
            job.AcceptedAt.ToUnixTimeMilliseconds(),
            first.SystemPrompt).ExecuteReader();
        return row.Read() ? new Place(row.GetInt32(0), 1, null, row.GetText(1)) : null;
    }

    /// <summary>Makes room for a turn's next answer: the current one steps back. Turns never vanish but with their conversation.</summary>
    private static Place? NextVersion(Statements write, JobMessage job, int turn)
    {
        var current = All(
            write.Bind(
                $"SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 1",
                job.ConversationId, job.Owner, turn),
            ReadTurn);
        if (current is not [var before])
        {
            return null;
        }

        write.Execute(
            "UPDATE turns SET current = 0 WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 1",
            job.ConversationId, job.Owner, turn);
        var systemPrompt = write.Bind(
            "UPDATE conversations SET updated_at = max(updated_at, $3) WHERE conversation_id = $1 AND owner = $2 RETURNING system_prompt",
            job.ConversationId, job.Owner, job.AcceptedAt.ToUnixTimeMilliseconds()).ExecuteScalar() as string;
        return new Place(turn, before.Versions + 1, before.AskedAt ?? before.AcceptedAt, systemPrompt);
    }

    /// <summary>The newest version that has text, or may have, is the current one; the newest of all where there is none such.</summary>
    private static void ArrangeVersions(Statements write, ConversationKey conversation, int turn)
    {
        using var row = write.Bind(
            """
            SELECT id, current FROM (
                SELECT id, version, current, content, ended_at FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 1
                UNION ALL
                SELECT id, version, current, content, ended_at FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 0)
            ORDER BY (ended_at IS NULL OR content <> '') DESC, version DESC LIMIT 1
            """,
            conversation.ConversationId, conversation.Owner, turn).ExecuteReader();
        if (row.Read() && row.GetInt32(1) == 0)
        {
            write.Execute(
                "UPDATE turns SET current = 0 WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 1",
                conversation.ConversationId, conversation.Owner, turn);
            write.Execute("UPDATE turns SET current = 1 WHERE id = $1", row.GetInt64(0));
        }
    }

    /// <summary>
    /// Forgets a job's failure, and the attempts until then, where its message was redriven since. Also one that has no end:
    /// its message may have come to the dead letters without its worker.
    /// </summary>
    private static bool TakeRedrive(Statements write, JobMessage job, Turn turn)
    {
        if (job.Redrives == 0 || write.Execute(
            """
            UPDATE turns SET redrives = $3, uncounted = attempt, stop_asked = stop_asked AND ended_at IS NULL, content = NULL, ended_at = NULL, model = NULL,
                input_tokens = NULL, output_tokens = NULL, cost = NULL, finish_reason = NULL, error_code = NULL, error_details = NULL
            WHERE job_id = $1 AND owner = $2 AND redrives < $3 AND (ended_at IS NULL OR status = $4)
            """,
            job.JobId, job.Owner, job.Redrives, (int)JobStatus.Failed) == 0)
        {
            return false;
        }

        if (turn.Versions > 1)
        {
            ArrangeVersions(write, job.Conversation, turn.Number!.Value);
        }

        return true;
    }

    private static void Insert(Statements write, JobMessage job, Place place, int attempt, JobStatus status) => write.Execute(
        """
        INSERT INTO turns (job_id, owner, conversation_id, turn, version, current, message, asked_at, asked_model, fingerprint, accepted_at, status, attempt, stop_asked, redrives)
        VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, 0, $13)
        """,
        job.JobId,
        job.Owner,
        job.ConversationId,
        place.Turn,
        place.Version,
        job.Message,
        place.AskedAt?.ToUnixTimeMilliseconds(),
        job.Model,
        job.Fingerprint,
        job.AcceptedAt.ToUnixTimeMilliseconds(),
        (int)status,
        attempt,
        job.Redrives);
}
