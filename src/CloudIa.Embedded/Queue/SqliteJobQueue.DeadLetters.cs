using System.Globalization;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Queue;

/// <summary>The dead letters: rows that left the jobs table in the transaction that wrote them here.</summary>
public sealed partial class SqliteJobQueue
{
    private const string LetterColumns = "id, reason, dead_at, job_id, owner, conversation_id, body";

    public async Task<bool> DeadLetterAsync(JobLease lease, string reason, CancellationToken cancellation)
    {
        if (lanes.Held(lease.Receipt) is not { } job)
        {
            return false;
        }

        await BuryAsync(job.Seq, reason, cancellation);
        return lanes.Remove(lease.Receipt);
    }

    public Task<IReadOnlyList<DeadLetter>> ListDeadLettersAsync(string? afterId, int limit, CancellationToken cancellation) =>
        ReadAsync(read =>
        {
            if ((afterId is null ? 0 : Key(afterId)) is not { } after)
            {
                return (IReadOnlyList<DeadLetter>)[];
            }

            using var row = read.Bind($"SELECT {LetterColumns} FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2", after, limit).ExecuteReader();
            var letters = new List<DeadLetter>();
            while (row.Read())
            {
                letters.Add(ReadLetter(row));
            }

            return letters;
        });

    public Task<DeadLetter?> FindDeadLetterAsync(string deadLetterId, CancellationToken cancellation) =>
        ReadAsync(read =>
        {
            if (Key(deadLetterId) is not { } id)
            {
                return null;
            }

            using var row = read.Bind($"SELECT {LetterColumns} FROM dead_letters WHERE id = $1", id).ExecuteReader();
            return row.Read() ? ReadLetter(row) : null;
        });

    public async Task<RedriveResult> RedriveAsync(string deadLetterId, CancellationToken cancellation)
    {
        if (await FindDeadLetterAsync(deadLetterId, cancellation) is not { } letter)
        {
            return RedriveResult.NotFound;
        }

        if (letter.Job.Unreadable)
        {
            return RedriveResult.Unreadable;
        }

        // A letter never changes, so what was read is what the write takes away; unless that was done meanwhile.
        var again = letter.Job with { Redrives = letter.Job.Redrives + 1, RedrivenAt = time.GetUtcNow() };
        var write = new EnqueueWrite(this, again, EnqueueCondition.None, fromDeadLetter: Key(deadLetterId));
        database.Writer.Enqueue(write, cancellation);
        return await write.Task.AsQueue() is null ? RedriveResult.NotFound : RedriveResult.Redriven;
    }

    public async Task<bool> DiscardAsync(string deadLetterId, CancellationToken cancellation) =>
        Key(deadLetterId) is { } id
        && await database.Writer.WriteAsync(write => write.Execute("DELETE FROM dead_letters WHERE id = $1", id) > 0, cancellation).AsQueue();

    private Task<int> BuryAsync(long seq, string reason, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return database.Writer.WriteAsync(
            write =>
            {
                write.Execute("INSERT INTO dead_letters (dead_at, reason, job_id, conversation_id, owner, body) SELECT $1, $2, job_id, conversation_id, owner, body FROM jobs WHERE seq = $3", now, reason, seq);
                return write.Execute("DELETE FROM jobs WHERE seq = $1", seq);
            },
            cancellation).AsQueue();
    }

    private static DeadLetter ReadLetter(SqliteDataReader row)
    {
        var job = ReadJob(row, 2);
        return new DeadLetter(row.GetInt64(0).ToString(CultureInfo.InvariantCulture), job, row.GetString(1), row.GetTime(2))
        {
            Body = job.Unreadable ? row.GetFieldValue<byte[]>(6) : default(ReadOnlyMemory<byte>),
        };
    }

    private static long? Key(string? id) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var key) ? key : null;
}
