using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;

namespace CloudIa.Embedded.History;

/// <summary>The history on one machine. This part writes; the other reads.</summary>
public sealed partial class SqliteConversationStore(EmbeddedDatabase database) : IConversationStore
{
    public Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Record(write, job), cancellation).AsHistory();

    public Task WithdrawPendingAsync(JobMessage job, CancellationToken cancellation) =>
        database.Writer.WriteAsync(
            write =>
            {
                write.Execute("DELETE FROM turns WHERE owner = $1 AND job_id = $2 AND attempt = 0", job.Owner, job.JobId);
                return write.Execute(
                    "DELETE FROM conversations WHERE owner = $1 AND conversation_id = $2 AND NOT EXISTS (SELECT 1 FROM turns WHERE owner = $1 AND conversation_id = $2)",
                    job.Owner,
                    job.ConversationId);
            },
            cancellation).AsHistory();

    public Task<BeginResult> BeginAsync(JobMessage job, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Begin(write, job), cancellation).AsHistory();

    public Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Finish(write, job, attempt, end), cancellation).AsHistory();

    public Task<StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => RequestStop(write, job, now), cancellation).AsHistory();

    private static bool Record(Statements write, JobMessage job)
    {
        var accepted = job.AcceptedAt.ToUnixTimeMilliseconds();
        var isNew = write.Execute(
            """
            INSERT INTO turns (owner, job_id, conversation_id, message, fingerprint, accepted_at, status, attempt, stop_asked)
            VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0) ON CONFLICT (owner, job_id) DO NOTHING
            """,
            job.Owner, job.JobId, job.ConversationId, job.Message, job.Fingerprint, accepted) > 0;
        if (isNew)
        {
            write.Execute(
                """
                INSERT INTO conversations (owner, conversation_id, title, created_at, updated_at, turns)
                VALUES ($1, $2, $3, $4, $4, 0)
                ON CONFLICT (owner, conversation_id) DO UPDATE SET updated_at = max(updated_at, excluded.updated_at)
                """,
                job.Owner, job.ConversationId, ConversationTitle.From(job.Message), accepted);
        }

        return isNew;
    }

    private static BeginResult Begin(Statements write, JobMessage job)
    {
        // Repairs a message whose pending write was lost.
        Record(write, job);
        var turn = Find(write, job.Key)!;
        if (turn.End is not null)
        {
            return new BeginResult.Finished(turn);
        }

        if (turn.Number is not { } number)
        {
            write.Execute("UPDATE conversations SET turns = turns + 1 WHERE owner = $1 AND conversation_id = $2", job.Owner, job.ConversationId);
            number = (int)(long)write.Bind("SELECT turns FROM conversations WHERE owner = $1 AND conversation_id = $2", job.Owner, job.ConversationId).ExecuteScalar()!;
        }

        var attempt = turn.Attempt + 1;
        write.Execute(
            "UPDATE turns SET turn = $3, attempt = $4, status = $5 WHERE owner = $1 AND job_id = $2",
            job.Owner, job.JobId, number, attempt, (int)JobStatus.Running);
        var stopAsked = (long)write.Bind("SELECT stop_asked FROM turns WHERE owner = $1 AND job_id = $2", job.Owner, job.JobId).ExecuteScalar()! != 0;
        return stopAsked ? new BeginResult.StopAsked(number, attempt) : new BeginResult.Started(number, attempt);
    }

    private static bool Finish(Statements write, JobKey job, int attempt, TurnEnd end) => write.Execute(
        """
        UPDATE turns SET status = $4, content = $5, ended_at = $6, model = $7, input_tokens = $8, output_tokens = $9, cost = $10,
            finish_reason = $11, error_code = $12, error_details = $13
        WHERE owner = $1 AND job_id = $2 AND attempt = $3 AND ended_at IS NULL
        """,
        job.Owner,
        job.JobId,
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
        end.ErrorDetails) > 0;

    private static StopResult? RequestStop(Statements write, JobKey job, DateTimeOffset now)
    {
        var endsNow = write.Execute(
            "UPDATE turns SET status = $3, content = '', ended_at = $4, finish_reason = 'stopped' WHERE owner = $1 AND job_id = $2 AND attempt = 0 AND ended_at IS NULL",
            job.Owner, job.JobId, (int)JobStatus.Cancelled, now.ToUnixTimeMilliseconds()) > 0;
        if (!endsNow)
        {
            write.Execute("UPDATE turns SET stop_asked = 1 WHERE owner = $1 AND job_id = $2 AND ended_at IS NULL", job.Owner, job.JobId);
        }

        return Find(write, job) is { } turn ? new StopResult(turn, endsNow) : null;
    }
}
