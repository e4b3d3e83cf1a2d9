using System.Globalization;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.History;

/// <summary>The reads. Each follows an index that begins with the owner.</summary>
public sealed partial class SqliteConversationStore
{
    private const string TurnColumns =
        "job_id, conversation_id, turn, message, fingerprint, accepted_at, attempt, status, content, ended_at, model, input_tokens, output_tokens, cost, finish_reason, error_code, error_details";

    public Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) =>
        ReadAsync(read => Find(read, job));

    public Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation) =>
        ReadAsync(read => All(
            read.Bind(
                $"SELECT {TurnColumns} FROM turns WHERE owner = $1 AND conversation_id = $2 AND turn < $3 ORDER BY turn DESC LIMIT $4",
                conversation.Owner, conversation.ConversationId, before ?? int.MaxValue, limit),
            ReadTurn));

    public Task<IReadOnlyList<Turn>> ReadPendingAsync(ConversationKey conversation, int limit, CancellationToken cancellation) =>
        ReadAsync(read => All(
            read.Bind(
                $"SELECT {TurnColumns} FROM turns WHERE owner = $1 AND conversation_id = $2 AND turn IS NULL ORDER BY accepted_at DESC, rowid DESC LIMIT $3",
                conversation.Owner, conversation.ConversationId, limit),
            ReadTurn));

    public Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation) =>
        ReadAsync(read =>
        {
            using var row = read.Bind(
                "SELECT conversation_id, title, created_at, updated_at, turns FROM conversations WHERE owner = $1 AND conversation_id = $2",
                conversation.Owner, conversation.ConversationId).ExecuteReader();
            return row.Read() ? ReadConversation(row) : null;
        });

    public Task<IReadOnlyList<Conversation>> ListAsync(string owner, ListPlace? after, int limit, CancellationToken cancellation) =>
        ReadAsync(read => All(
            read.Bind(
                """
                SELECT conversation_id, title, created_at, updated_at, turns FROM conversations
                WHERE owner = $1 AND (updated_at, conversation_id) < ($2, $3) ORDER BY updated_at DESC, conversation_id DESC LIMIT $4
                """,
                owner, after?.UpdatedAt.ToUnixTimeMilliseconds() ?? long.MaxValue, after?.ConversationId ?? "", limit),
            ReadConversation));

    private Task<T> ReadAsync<T>(Func<Statements, T> read)
    {
        try
        {
            return Task.FromResult(database.Read(read));
        }
        catch (SqliteException error)
        {
            return Task.FromException<T>(new HistoryUnavailableException(error.Message, error));
        }
    }

    private static Turn? Find(Statements read, JobKey job)
    {
        using var row = read.Bind($"SELECT {TurnColumns} FROM turns WHERE owner = $1 AND job_id = $2", job.Owner, job.JobId).ExecuteReader();
        return row.Read() ? ReadTurn(row) : null;
    }

    private static IReadOnlyList<T> All<T>(SqliteCommand command, Func<SqliteDataReader, T> one)
    {
        using var row = command.ExecuteReader();
        var all = new List<T>();
        while (row.Read())
        {
            all.Add(one(row));
        }

        return all;
    }

    private static Turn ReadTurn(SqliteDataReader row)
    {
        var status = (JobStatus)row.GetInt32(7);
        return new Turn
        {
            JobId = row.GetString(0),
            ConversationId = row.GetString(1),
            Number = row.GetNumber(2),
            Message = row.GetString(3),
            Fingerprint = row.GetString(4),
            AcceptedAt = row.GetTime(5),
            Attempt = row.GetInt32(6),
            Status = status,
            End = status.IsEnd() ? ReadEnd(row, status) : null,
        };
    }

    private static TurnEnd ReadEnd(SqliteDataReader row, JobStatus status) => new()
    {
        Status = status,
        Content = row.GetText(8) ?? "",
        EndedAt = row.GetTime(9),
        Model = row.GetText(10),
        Usage = row.GetNumber(11) is { } input && row.GetNumber(12) is { } output
            ? new Usage(input, output, row.GetText(13) is { } cost ? decimal.Parse(cost, CultureInfo.InvariantCulture) : null)
            : null,
        FinishReason = row.GetText(14),
        ErrorCode = row.GetText(15),
        ErrorDetails = row.GetText(16),
    };

    private static Conversation ReadConversation(SqliteDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.GetTime(2), row.GetTime(3), row.GetInt32(4));
}
