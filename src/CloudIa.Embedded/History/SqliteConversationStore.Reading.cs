using System.Globalization;
using System.Text.Json;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Embedded.Storage;
using CloudIa.Protocol;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.History;

/// <summary>The reads. Each follows an index whose key holds the owner.</summary>
public sealed partial class SqliteConversationStore
{
    private const string TurnColumns =
        """
        job_id, conversation_id, turn, message, fingerprint, accepted_at, attempt, status, content, ended_at, model, input_tokens, output_tokens, cost,
        finish_reason, error_code, error_details, asked_at, asked_model, version, 1 + (SELECT count(*) FROM turns AS other
            WHERE other.conversation_id = turns.conversation_id AND other.owner = turns.owner AND other.turn = turns.turn AND other.current = 0),
        stop_asked AND ended_at IS NULL
        """;

    private const string ConversationColumns = "conversation_id, title, created_at, updated_at, turns, system_prompt, forked_from, forked_turn";

    public Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) =>
        ReadAsync(read => FindEither(read, job));

    public Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation) =>
        ReadAsync(read => All(
            read.Bind(
                $"SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn < $3 AND current = 1 ORDER BY turn DESC LIMIT $4",
                conversation.ConversationId, conversation.Owner, before ?? int.MaxValue, limit),
            ReadTurn));

    public Task<IReadOnlyList<Turn>> ReadTurnsAfterAsync(ConversationKey conversation, int after, int limit, CancellationToken cancellation) =>
        ReadAsync(read => All(
            read.Bind(
                $"SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn > $3 AND current = 1 ORDER BY turn LIMIT $4",
                conversation.ConversationId, conversation.Owner, after, limit),
            ReadTurn));

    public Task<IReadOnlyList<Turn>> ReadVersionsAsync(ConversationKey conversation, int turn, CancellationToken cancellation) =>
        ReadAsync(read => All(
            read.Bind(
                $"""
                SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 1
                UNION ALL SELECT {TurnColumns} FROM turns WHERE conversation_id = $1 AND owner = $2 AND turn = $3 AND current = 0
                ORDER BY version
                """,
                conversation.ConversationId, conversation.Owner, turn),
            ReadTurn));

    public Task<IReadOnlyList<Turn>> ReadPendingAsync(ConversationKey conversation, int limit, CancellationToken cancellation) =>
        ReadAsync(read => PendingTurns.Read(read, conversation, limit));

    public Task<IReadOnlyList<Turn>> ReadUnfinishedAsync(ConversationKey conversation, int limit, CancellationToken cancellation) =>
        ReadAsync(read => (IReadOnlyList<Turn>)[.. PendingTurns.Unfinished(read, conversation, limit)
            .Select(job => FindEither(read, job))
            .OfType<Turn>()
            .Where(turn => turn.End is null)]);

    public Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation) =>
        ReadAsync(read => FindConversation(read, conversation));

    public Task<bool> WasDeletedAsync(ConversationKey conversation, CancellationToken cancellation) =>
        ReadAsync(read => read.Bind(
            "SELECT 1 FROM conversations WHERE conversation_id = $1 AND owner = $2 AND deleted_at IS NOT NULL",
            conversation.ConversationId, conversation.Owner).ExecuteScalar() is not null);

    public Task<IReadOnlyList<Conversation>> ListAsync(string owner, ListPlace? after, int limit, CancellationToken cancellation) =>
        ReadAsync(read => List(read, owner, null, after, limit));

    public Task<IReadOnlyList<Conversation>> SearchAsync(string owner, string text, ListPlace? after, int limit, CancellationToken cancellation) =>
        ReadAsync(read => SearchIndex.Find(read, owner, SearchWords.Of(text)) is { Count: > 0 } found ? List(read, owner, found, after, limit) : []);

    /// <summary>Two lists in one order: conversations by their newest begun message, and those in which a later one waits.</summary>
    private static IReadOnlyList<Conversation> List(Statements read, string owner, IReadOnlySet<string>? among, ListPlace? after, int limit)
    {
        var (time, id) = (after?.UpdatedAt ?? DateTimeOffset.MaxValue, after?.ConversationId ?? "");
        var waiting = PendingTurns.Conversations(read, owner);
        var begun = All(
            read.Bind(
                $"""
                SELECT {ConversationColumns} FROM conversations
                WHERE owner = $1 AND (updated_at, conversation_id) < ($2, $3) AND deleted_at IS NULL {(among is null ? "" : "AND conversation_id IN (SELECT value FROM json_each($5))")}
                ORDER BY updated_at DESC, conversation_id DESC LIMIT $4
                """,
                [owner, time.ToUnixTimeMilliseconds(), id, limit + waiting.Count, .. among is null ? Array.Empty<object>() : [JsonArray(among)]]),
            ReadConversation);
        return [.. waiting
            .Where(newest => among is null || among.Contains(newest.Key))
            .Select(newest => FindConversation(read, new ConversationKey(owner, newest.Key)) is { } found ? found with { UpdatedAt = newest.Value } : null)
            .OfType<Conversation>()
            .Where(conversation => conversation.UpdatedAt < time || (conversation.UpdatedAt == time && string.CompareOrdinal(conversation.ConversationId, id) < 0))
            .Concat(begun.Where(conversation => !waiting.ContainsKey(conversation.ConversationId)))
            .OrderByDescending(conversation => conversation.UpdatedAt)
            .ThenByDescending(conversation => conversation.ConversationId, StringComparer.Ordinal)
            .Take(limit)];
    }

    private static string JsonArray(IEnumerable<string> texts) =>
        $"[{string.Join(',', texts.Select(text => $"\"{JsonEncodedText.Encode(text)}\""))}]";

    private static Conversation? FindConversation(Statements read, ConversationKey conversation)
    {
        using var row = read.Bind(
            $"SELECT {ConversationColumns} FROM conversations WHERE conversation_id = $1 AND owner = $2 AND deleted_at IS NULL",
            conversation.ConversationId, conversation.Owner).ExecuteReader();
        return row.Read() ? ReadConversation(row)
            : PendingTurns.FindFirst(read, conversation) is { } first ? PendingTurns.Conversation(first)
            : null;
    }

    private Task<T> ReadAsync<T>(Func<Statements, T> read)
    {
        try
        {
            return Task.FromResult(database.Read(read));
        }
        catch (Exception error) when (error is SqliteException or ObjectDisposedException)
        {
            return Task.FromException<T>(new HistoryUnavailableException(error.Message, error));
        }
    }

    /// <summary>A begun turn or a waiting one; looks once more, for a turn that began between the two looks.</summary>
    private static Turn? FindEither(Statements read, JobKey job) =>
        Find(read, job) ?? PendingTurns.Find(read, job) ?? Find(read, job);

    private static Turn? Find(Statements read, JobKey job)
    {
        using var row = read.Bind($"SELECT {TurnColumns} FROM turns WHERE job_id = $1 AND owner = $2", job.JobId, job.Owner).ExecuteReader();
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
            AskedAt = row.IsDBNull(17) ? null : row.GetTime(17),
            Model = row.GetText(18),
            Version = row.GetInt32(19),
            Versions = row.GetInt32(20),
            StopAsked = row.GetInt32(21) != 0,
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
        new(row.GetString(0), row.GetString(1), row.GetTime(2), row.GetTime(3), row.GetInt32(4))
        {
            SystemPrompt = row.GetText(5),
            ForkedFrom = row.GetText(6) is { } from ? new ForkOrigin(from, row.GetInt32(7)) : null,
        };
}
