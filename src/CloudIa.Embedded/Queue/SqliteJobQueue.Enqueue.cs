using CloudIa.Core.Queue;
using CloudIa.Embedded.History;
using CloudIa.Embedded.Storage;

namespace CloudIa.Embedded.Queue;

/// <summary>The one write that puts a job into the queue.</summary>
public sealed partial class SqliteJobQueue
{
    /// <summary>Puts a job into the table and, once that is on the disk, into the lanes.</summary>
    private sealed class EnqueueWrite(SqliteJobQueue queue, JobMessage job, EnqueueCondition condition, long? fromDeadLetter = null) : Write
    {
        private const string Insert =
            "INSERT INTO jobs (seq, job_id, conversation_id, owner, enqueued_at, body) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (job_id) DO NOTHING";

        private const string Known = "SELECT 1 FROM jobs WHERE job_id = $1";

        private const string Unfinished = $"SELECT 1 FROM jobs WHERE {PendingTurns.IsUnfinished} LIMIT 1";

        private readonly TaskCompletionSource<EnqueueResult?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly byte[] body = JobMessageBody.Format(job);
        private readonly long now = queue.time.GetUtcNow().ToUnixTimeMilliseconds();
        private long seq;
        private EnqueueResult? result;

        /// <summary>What became of the job; null for a dead letter that is no longer there.</summary>
        public Task<EnqueueResult?> Task => done.Task;

        public override void Apply(Statements statements)
        {
            if (fromDeadLetter is { } id && statements.Execute("DELETE FROM dead_letters WHERE id = $1", id) == 0)
            {
                result = null;
                return;
            }

            if (condition == EnqueueCondition.ConversationIdle && Refusal(statements) is { } refusal)
            {
                result = refusal;
                return;
            }

            // Keys only grow, on this one thread; those of a rolled-back transaction are left out.
            seq = ++queue.seq;
            result = statements.Execute(Insert, seq, job.JobId, job.ConversationId, job.Owner, now, body) == 1
                ? EnqueueResult.Added
                : EnqueueResult.AlreadyThere;
        }

        public override void Committed()
        {
            if (result == EnqueueResult.Added)
            {
                queue.lanes.Committed(new QueuedJob(seq, job));
            }

            done.SetResult(result);
        }

        public override void Fail(Exception error) => done.SetException(error);

        /// <summary>Nothing commits between this look and the insert: both are on the one writer, in one transaction.</summary>
        private EnqueueResult? Refusal(Statements statements)
        {
            if (statements.Bind(Known, job.JobId).ExecuteScalar() is not null)
            {
                return EnqueueResult.AlreadyThere;
            }

            return statements.Bind(Unfinished, job.ConversationId, job.Owner).ExecuteScalar() is null ? null : EnqueueResult.Busy;
        }
    }
}
