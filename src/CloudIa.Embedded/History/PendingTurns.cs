using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.History;

/// <summary>
/// Messages that wait for their turn. The queue's row is all there is of one: the same commit that made it
/// durable shows it to readers, and the history has no second copy to keep in step.
/// </summary>
internal static class PendingTurns
{
    /// <summary>A message that reached the queue while its conversation was being deleted is nobody's any more.</summary>
    private const string NotDeleted =
        "NOT EXISTS (SELECT 1 FROM conversations AS gone WHERE gone.conversation_id = jobs.conversation_id AND gone.owner = jobs.owner AND gone.deleted_at IS NOT NULL)";

    /// <summary>Holds for jobs of conversation $1 and owner $2 that no worker has begun.</summary>
    private const string IsWaiting =
        $"""
        conversation_id = $1 AND owner = $2 AND {NotDeleted}
            AND NOT EXISTS (SELECT 1 FROM turns WHERE turns.job_id = jobs.job_id AND turns.owner = jobs.owner)
        """;

    /// <summary>Waiting jobs that a list of conversations looks through, newest first, so that a backlog cannot slow it.</summary>
    private const int ListDepth = 1000;

    /// <summary>
    /// Holds for jobs of conversation $1 and owner $2 whose turn has not ended. A job whose end is stored stays in
    /// the table for a moment, until its worker deletes it.
    /// </summary>
    public const string IsUnfinished =
        """
        conversation_id = $1 AND owner = $2 AND NOT EXISTS (
            SELECT 1 FROM turns WHERE turns.job_id = jobs.job_id AND turns.owner = jobs.owner AND turns.ended_at IS NOT NULL)
        """;

    public static Turn? Find(Statements read, JobKey job) => Turns(Job(read, job)).FirstOrDefault();

    public static JobMessage? FindJob(Statements read, JobKey job) => All(Job(read, job)).FirstOrDefault();

    /// <summary>Those of a conversation, newest first; not the regenerations, whose message has its turn.</summary>
    public static IReadOnlyList<Turn> Read(Statements read, ConversationKey conversation, int limit) =>
        Turns(read.Bind(
            $"""
            SELECT body, deferred FROM jobs WHERE {IsWaiting}
                AND CASE WHEN json_valid(CAST(body AS TEXT)) THEN json_extract(CAST(body AS TEXT), '$.turn') IS NULL ELSE 0 END
            ORDER BY seq DESC LIMIT $3
            """,
            conversation.ConversationId, conversation.Owner, limit));

    /// <summary>All jobs of a conversation that no worker has begun, regenerations too, in the order in which they are answered.</summary>
    public static IReadOnlyList<Turn> ReadAll(Statements read, ConversationKey conversation) =>
        Turns(read.Bind($"SELECT body, deferred FROM jobs WHERE {IsWaiting} ORDER BY seq", conversation.ConversationId, conversation.Owner));

    /// <summary>Those of a conversation whose turn has not ended, in the order in which they are answered; begun ones without their turn.</summary>
    public static IReadOnlyList<JobKey> Unfinished(Statements read, ConversationKey conversation, int limit)
    {
        using var row = read.Bind(
            $"SELECT job_id FROM jobs WHERE {IsUnfinished} ORDER BY seq LIMIT $3",
            conversation.ConversationId, conversation.Owner, limit).ExecuteReader();
        var jobs = new List<JobKey>();
        while (row.Read())
        {
            jobs.Add(new JobKey(conversation.Owner, row.GetString(0)));
        }

        return jobs;
    }

    /// <summary>The message that begins a conversation, where no worker has begun it.</summary>
    public static JobMessage? FindFirst(Statements read, ConversationKey conversation) =>
        All(read.Bind(
            $"SELECT body FROM jobs WHERE conversation_id = $1 AND owner = $2 AND {NotDeleted} ORDER BY seq LIMIT 1",
            conversation.ConversationId, conversation.Owner)).FirstOrDefault();

    /// <summary>An owner's conversations in which a message waits, each with the time of its newest. Other owners' bodies are not read.</summary>
    public static IReadOnlyDictionary<string, DateTimeOffset> Conversations(Statements read, string owner) =>
        All(read.Bind(
            """
            SELECT (SELECT body FROM jobs WHERE jobs.seq = newest.seq)
            FROM (SELECT seq, job_id, owner FROM jobs ORDER BY seq DESC LIMIT $2) AS newest
            WHERE owner = $1 AND NOT EXISTS (SELECT 1 FROM turns WHERE turns.job_id = newest.job_id AND turns.owner = newest.owner)
            """,
            owner, ListDepth))
            .GroupBy(job => job.ConversationId)
            .ToDictionary(jobs => jobs.Key, jobs => jobs.Max(job => job.AcceptedAt));

    private static SqliteCommand Job(Statements read, JobKey job) =>
        read.Bind($"SELECT body, deferred FROM jobs WHERE job_id = $1 AND owner = $2 AND {NotDeleted}", job.JobId, job.Owner);

    private static List<JobMessage> All(SqliteCommand command) => Each(command, (_, job) => job);

    private static List<Turn> Turns(SqliteCommand command) =>
        Each(command, (row, job) => Turn(job, row.GetInt32(1) == 0 ? JobStatus.Queued : JobStatus.Deferred));

    private static List<T> Each<T>(SqliteCommand command, Func<SqliteDataReader, JobMessage, T> one)
    {
        using var row = command.ExecuteReader();
        var all = new List<T>();
        while (row.Read())
        {
            if (JobMessageBody.Parse(row.GetFieldValue<byte[]>(0)) is { } job)
            {
                // To the millisecond, as the history keeps it: a list and its cursors know no finer order.
                all.Add(one(row, job with { AcceptedAt = DateTimeOffset.FromUnixTimeMilliseconds(job.AcceptedAt.ToUnixTimeMilliseconds()) }));
            }
        }

        return all;
    }

    private static Turn Turn(JobMessage job, JobStatus status) => new()
    {
        JobId = job.JobId,
        ConversationId = job.ConversationId,
        Number = job.Turn,
        Message = job.Message,
        Model = job.Model,
        Fingerprint = job.Fingerprint,
        AcceptedAt = job.AcceptedAt,
        Status = status,
    };

    /// <summary>A conversation as it is while its first message waits.</summary>
    public static Conversation Conversation(JobMessage first) =>
        new(first.ConversationId, ConversationTitle.From(first.Message), first.AcceptedAt, first.AcceptedAt, Turns: 0)
        {
            SystemPrompt = first.SystemPrompt,
        };
}
