using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;

namespace CloudIa.Embedded.History;

/// <summary>The history on one machine. This part writes; the other reads.</summary>
public sealed partial class SqliteConversationStore(EmbeddedDatabase database) : IConversationStore
{
    /// <summary>Nothing to do: the queue's row is the pending turn (<see cref="PendingTurns"/>).</summary>
    public Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Nothing to do: where the commit failed there is no row.</summary>
    public Task WithdrawPendingAsync(JobMessage job, CancellationToken cancellation) => Task.CompletedTask;

    public Task<BeginResult> BeginAsync(JobMessage job, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Begin(write, job), cancellation).AsHistory();

    public Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Finish(write, job, attempt, end), cancellation).AsHistory();

    public Task<StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => RequestStop(write, job, now), cancellation).AsHistory();

    private static BeginResult Begin(Statements write, JobMessage job)
    {
        if (Find(write, job.Key) is not { } turn)
        {
            return BeginFirst(write, job);
        }

        if (turn.End is not null)
        {
            return new BeginResult.Finished(turn);
        }

        var (number, attempt) = (turn.Number!.Value, turn.Attempt + 1);
        using var row = write.Bind(
            """
            UPDATE turns SET attempt = $3 WHERE job_id = $1 AND owner = $2
            RETURNING stop_asked, (SELECT system_prompt FROM conversations AS its WHERE its.conversation_id = turns.conversation_id AND its.owner = turns.owner)
            """,
            job.JobId, job.Owner, attempt).ExecuteReader();
        row.Read();
        return row.GetInt32(0) != 0 ? new BeginResult.StopAsked(number, attempt) : new BeginResult.Started(number, attempt, turn.Version, row.GetText(1));
    }

    private static BeginResult BeginFirst(Statements write, JobMessage job)
    {
        if (NextTurn(write, job, first: job) is not { } next)
        {
            return new BeginResult.Deleted();
        }

        Insert(write, job, next.Number, attempt: 1, JobStatus.Running);
        return new BeginResult.Started(next.Number, 1, SystemPrompt: next.SystemPrompt);
    }

    /// <summary>Counts a job's turn in its conversation, which begins with the first message's title, time and prompt. Null where it was deleted.</summary>
    private static (int Number, string? SystemPrompt)? NextTurn(Statements write, JobMessage job, JobMessage first)
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
        return row.Read() ? (row.GetInt32(0), row.GetText(1)) : null;
    }

    private static void Insert(Statements write, JobMessage job, int number, int attempt, JobStatus status) => write.Execute(
        """
        INSERT INTO turns (job_id, owner, conversation_id, turn, version, current, message, fingerprint, accepted_at, status, attempt, stop_asked)
        VALUES ($1, $2, $3, $4, 1, 1, $5, $6, $7, $8, $9, 0)
        """,
        job.JobId,
        job.Owner,
        job.ConversationId,
        number,
        job.Message,
        job.Fingerprint,
        job.AcceptedAt.ToUnixTimeMilliseconds(),
        (int)status,
        attempt);

    private static bool Finish(Statements write, JobKey job, int attempt, TurnEnd end)
    {
        using var row = write.Bind(
            """
            UPDATE turns SET status = $4, content = $5, ended_at = $6, model = $7, input_tokens = $8, output_tokens = $9, cost = $10,
                finish_reason = $11, error_code = $12, error_details = $13
            WHERE job_id = $1 AND owner = $2 AND attempt = $3 AND ended_at IS NULL
            RETURNING id, version, message
            """,
            job.JobId,
            job.Owner,
            attempt,
            (int)end.Status,
            end.Content,
            end.EndedAt.ToUnixTimeMilliseconds(),
            end.Model,
            end.Usage?.InputTokens,
            end.Usage?.OutputTokens,
            end.Usage?.Cost?.ToString(System.Globalization.CultureInfo.InvariantCulture),
            end.FinishReason,
            end.ErrorCode,
            end.ErrorDetails).ExecuteReader();
        if (!row.Read())
        {
            return false;
        }

        SearchIndex.AddTurn(write, job.Owner, row.GetInt64(0), row.GetInt32(1), row.GetString(2), end.Content);
        return true;
    }

    private static StopResult? RequestStop(Statements write, JobKey job, DateTimeOffset now)
    {
        if (Find(write, job) is null && PendingTurns.FindJob(write, job) is { } waiting
            && NextTurn(write, waiting, PendingTurns.FindFirst(write, waiting.Conversation) ?? waiting) is { } next)
        {
            // Its worker will find that it has ended, and call no model.
            Insert(write, waiting, next.Number, attempt: 0, JobStatus.Queued);
            Finish(write, job, attempt: 0, TurnEnd.Stopped("", now));
            return new StopResult(Find(write, job)!, EndedNow: true);
        }

        write.Execute("UPDATE turns SET stop_asked = 1 WHERE job_id = $1 AND owner = $2 AND ended_at IS NULL", job.JobId, job.Owner);
        return Find(write, job) is { } turn ? new StopResult(turn, EndedNow: false) : null;
    }
}
