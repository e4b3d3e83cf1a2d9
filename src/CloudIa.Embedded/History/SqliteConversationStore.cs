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

    public Task<bool> PostponeAsync(JobMessage job, int attempt, JobStatus waits, CancellationToken cancellation) =>
        database.Writer.WriteAsync(write => Postpone(write, job, attempt, waits), cancellation).AsHistory();

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

        if (turn.Fingerprint != job.Fingerprint && turn.Fingerprint.Length > 0 && job.Fingerprint.Length > 0)
        {
            return new BeginResult.Another();
        }

        if (!TakeRedrive(write, job, turn) && turn.End is not null)
        {
            return new BeginResult.Finished(turn);
        }

        var (number, attempt) = (turn.Number!.Value, turn.Attempt + 1);
        using var row = write.Bind(
            """
            UPDATE turns SET attempt = $3, status = $4 WHERE job_id = $1 AND owner = $2
            RETURNING stop_asked, uncounted, (SELECT system_prompt FROM conversations AS its WHERE its.conversation_id = turns.conversation_id AND its.owner = turns.owner)
            """,
            job.JobId, job.Owner, attempt, (int)JobStatus.Running).ExecuteReader();
        row.Read();
        return row.GetInt32(0) != 0
            ? new BeginResult.StopAsked(number, attempt)
            : new BeginResult.Started(number, attempt, turn.Version, row.GetText(2)) { Counted = attempt - row.GetInt32(1) };
    }

    /// <summary>A job that never began has only the queue's row, which shows that it waits.</summary>
    private static bool Postpone(Statements write, JobMessage job, int attempt, JobStatus waits) =>
        write.Execute(
            """
            UPDATE turns SET status = $4, uncounted = uncounted + ($3 > 0)
            WHERE job_id = $1 AND owner = $2 AND ended_at IS NULL AND $3 IN (0, attempt)
            """,
            job.JobId, job.Owner, attempt, (int)waits) == 1
        || (attempt == 0
            && Find(write, job.Key) is null
            && write.Execute("UPDATE jobs SET deferred = $3 WHERE job_id = $1 AND owner = $2", job.JobId, job.Owner, waits == JobStatus.Deferred ? 1 : 0) == 1);

    private static BeginResult BeginFirst(Statements write, JobMessage job)
    {
        if (TakePlace(write, job, first: job) is not { } place)
        {
            return new BeginResult.Deleted();
        }

        Insert(write, job, place, attempt: 1, JobStatus.Running);
        return new BeginResult.Started(place.Turn, 1, place.Version, place.SystemPrompt);
    }

    private static bool Finish(Statements write, JobKey job, int attempt, TurnEnd end)
    {
        using var row = write.Bind(
            """
            UPDATE turns SET status = $4, content = $5, ended_at = $6, model = $7, input_tokens = $8, output_tokens = $9, cost = $10,
                finish_reason = $11, error_code = $12, error_details = $13
            WHERE job_id = $1 AND owner = $2 AND attempt = $3 AND ended_at IS NULL
            RETURNING id, version, message, conversation_id, turn, redrives
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

        var (id, version) = (row.GetInt64(0), row.GetInt32(1));
        if (row.GetInt32(5) > 0)
        {
            // What it was found by when it failed.
            SearchIndex.RemoveTurn(write, id);
        }

        SearchIndex.AddTurn(write, job.Owner, id, version, row.GetString(2), end.Content);
        if (end.Content.Length == 0)
        {
            ArrangeVersions(write, new ConversationKey(job.Owner, row.GetString(3)), row.GetInt32(4));
        }

        return true;
    }

    private static StopResult? RequestStop(Statements write, JobKey job, DateTimeOffset now)
    {
        if (Find(write, job) is null && PendingTurns.FindJob(write, job) is { } waiting
            && TakePlace(write, waiting, PendingTurns.FindFirst(write, waiting.Conversation) ?? waiting) is { } place)
        {
            // Its worker will find that it has ended, and call no model.
            Insert(write, waiting, place, attempt: 0, JobStatus.Queued);
            Finish(write, job, attempt: 0, TurnEnd.Stopped("", now));
            return new StopResult(Find(write, job)!, EndedNow: true);
        }

        write.Execute("UPDATE turns SET stop_asked = 1 WHERE job_id = $1 AND owner = $2 AND ended_at IS NULL", job.JobId, job.Owner);
        return Find(write, job) is { } turn ? new StopResult(turn, EndedNow: false) : null;
    }
}
