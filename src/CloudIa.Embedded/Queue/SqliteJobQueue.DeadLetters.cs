using System.Globalization;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;

namespace CloudIa.Embedded.Queue;

/// <summary>The dead letters: rows that left the jobs table in the transaction that wrote them here.</summary>
public sealed partial class SqliteJobQueue
{
    private const string Unreadable = "unreadable";

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
            using var row = read.Bind("SELECT id, dead_at, reason, body FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2", Key(afterId) ?? 0, limit).ExecuteReader();
            var letters = new List<DeadLetter>();
            while (row.Read())
            {
                var id = row.GetInt64(0).ToString(CultureInfo.InvariantCulture);
                letters.Add(new DeadLetter(id, JobMessageBody.Parse(row.GetFieldValue<byte[]>(3)), row.GetString(2), row.GetTime(1)));
            }

            return (IReadOnlyList<DeadLetter>)letters;
        });

    public async Task<bool> RedriveAsync(string deadLetterId, CancellationToken cancellation)
    {
        if (Key(deadLetterId) is not { } id
            || await ReadAsync(read => read.Bind("SELECT body FROM dead_letters WHERE id = $1", id).ExecuteScalar()) is not byte[] body
            || JobMessageBody.Parse(body) is not { } job)
        {
            return false;
        }

        var write = new EnqueueWrite(this, job, EnqueueCondition.None, fromDeadLetter: id);
        database.Writer.Enqueue(write, cancellation);
        return await write.Task.AsQueue() is not null;
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
                write.Execute("INSERT INTO dead_letters (dead_at, reason, conversation_id, owner, body) SELECT $1, $2, conversation_id, owner, body FROM jobs WHERE seq = $3", now, reason, seq);
                return write.Execute("DELETE FROM jobs WHERE seq = $1", seq);
            },
            cancellation).AsQueue();
    }

    private static long? Key(string? id) =>
        long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var key) ? key : null;
}
