using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Queue;

/// <summary>
/// The queue on one machine: a table for what is durable, lanes in memory for who is next. A commit hands its
/// job to the lanes directly; only a backlog longer than their window is read back from the table.
/// </summary>
public sealed partial class SqliteJobQueue : IJobQueue
{
    /// <summary>Rows in one fetch of the backlog.</summary>
    private const int FetchRows = 256;

    private readonly EmbeddedDatabase database;
    private readonly QueueOptions options;
    private readonly TimeProvider time;
    private readonly Lanes lanes;
    private long seq;

    public SqliteJobQueue(EmbeddedDatabase database, QueueOptions options, TimeProvider time)
    {
        this.database = database;
        this.options = options;
        this.time = time;
        lanes = new Lanes(time);
        seq = database.Read(read => (long)read.Bind("SELECT coalesce(max(seq), 0) FROM jobs").ExecuteScalar()!);
        lanes.Found(seq);
    }

    public async Task<EnqueueResult> EnqueueAsync(JobMessage job, EnqueueCondition condition, CancellationToken cancellation)
    {
        var write = new EnqueueWrite(this, job, condition);
        database.Writer.Enqueue(write, cancellation);
        return (await write.Task.AsQueue())!.Value;
    }

    public async Task<IReadOnlyList<JobLease>> ReceiveAsync(int max, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var leases = lanes.Lease(max, options.Lease, out var change, out var nextDue);
            if (leases.Count > 0)
            {
                return leases;
            }

            if (lanes.WantsRows(out var after, out var upTo))
            {
                await FetchAsync(after, upTo, cancellation);
                continue;
            }

            await WaitAsync(change, nextDue, cancellation);
        }
    }

    public async Task<bool> CompleteAsync(JobLease lease, CancellationToken cancellation)
    {
        if (lanes.Held(lease.Receipt) is not { } job)
        {
            return false;
        }

        await database.Writer.WriteAsync(write => write.Execute("DELETE FROM jobs WHERE seq = $1", job.Seq), cancellation).AsQueue();
        return lanes.Remove(lease.Receipt);
    }

    public Task<bool> ReleaseAsync(JobLease lease, TimeSpan delay, CancellationToken cancellation) =>
        Task.FromResult(lanes.Release(lease.Receipt, delay));

    public Task<bool> HastenAsync(ConversationKey conversation, CancellationToken cancellation) =>
        Task.FromResult(lanes.Hasten(QueuedJob.LaneOf(conversation)));

    public Task<bool> ExtendAsync(JobLease lease, CancellationToken cancellation) =>
        Task.FromResult(lanes.Extend(lease.Receipt, options.Lease));

    public Task<QueueDepth> MeasureAsync(CancellationToken cancellation) =>
        ReadAsync(read =>
        {
            using var row = read.Bind("SELECT (SELECT count(*) FROM jobs), (SELECT enqueued_at FROM jobs ORDER BY seq LIMIT 1), (SELECT count(*) FROM dead_letters)").ExecuteReader();
            row.Read();
            return new QueueDepth(row.GetInt64(0), row.IsDBNull(1) ? null : row.GetTime(1), row.GetInt64(2));
        });

    private async Task FetchAsync(long after, long upTo, CancellationToken cancellation)
    {
        var rows = await ReadAsync(read =>
        {
            using var row = read.Bind("SELECT seq, enqueued_at, job_id, owner, conversation_id, body FROM jobs WHERE seq > $1 ORDER BY seq LIMIT $2", after, FetchRows).ExecuteReader();
            var fetched = new List<QueuedJob>();
            while (row.Read())
            {
                fetched.Add(new QueuedJob(row.GetInt64(0), ReadJob(row, 1)));
            }

            return fetched;
        });

        // A read that was not full saw all up to the key; what it did not find was completed before this process began.
        var last = rows.Count == 0 ? after : rows[^1].Seq;
        var to = rows.Count == FetchRows ? last : Math.Max(last, upTo);
        lanes.Fetched(after, to, rows.Where(row => !IsNobodys(row.Job)));
        foreach (var row in rows.Where(row => IsNobodys(row.Job)))
        {
            await BuryAsync(row.Seq, ErrorCode.MessageUnreadable, cancellation);
        }
    }

    /// <summary>A row's job, from the columns of its time, its names and its body on.</summary>
    private static JobMessage ReadJob(SqliteDataReader row, int column)
    {
        var body = row.GetFieldValue<byte[]>(column + 4);
        return JobMessageBody.Parse(body)
            ?? JobMessageBody.Salvage(body, new JobKey(row.GetString(column + 2), row.GetString(column + 1)), row.GetString(column + 3), row.GetTime(column));
    }

    /// <summary>Nobody can be told of it, so nobody need work on it.</summary>
    private static bool IsNobodys(JobMessage job) =>
        job is { Unreadable: true } and ({ JobId: "" } or { Owner: "" } or { ConversationId: "" });

    private Task<T> ReadAsync<T>(Func<Statements, T> read)
    {
        try
        {
            return Task.FromResult(database.Read(read));
        }
        catch (Exception error) when (error is SqliteException or ObjectDisposedException)
        {
            return Task.FromException<T>(new QueueUnavailableException(error.Message, full: false, error));
        }
    }

    private async Task WaitAsync(Task change, DateTimeOffset? nextDue, CancellationToken cancellation)
    {
        if (nextDue is not { } at)
        {
            await change.WaitAsync(cancellation);
            return;
        }

        var wait = at - time.GetUtcNow();
        if (wait <= TimeSpan.Zero)
        {
            // It came while one looked.
            return;
        }

        // Never less than a millisecond, below which timers do not tell.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(change, Task.Delay(wait > TimeSpan.FromMilliseconds(1) ? wait : TimeSpan.FromMilliseconds(1), time, either.Token));
        await either.CancelAsync();
    }
}
