using System.Text;
using CloudIa.EndToEnd.Tests.Backends;
using Microsoft.Data.Sqlite;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>The queue's table of a server that is not running.</summary>
internal static class QueueFile
{
    public static void Add(string dataFolder, IEnumerable<RawMessage> messages)
    {
        var database = new SqliteConnectionStringBuilder { DataSource = Path.Combine(dataFolder, "cloudia.db"), Pooling = false };
        using var connection = new SqliteConnection(database.ToString());
        connection.Open();
        foreach (var message in messages)
        {
            using var insert = connection.CreateCommand();
            insert.CommandText =
                "INSERT INTO jobs (seq, job_id, conversation_id, owner, enqueued_at, body) VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM jobs), $job, $conversation, $owner, 0, $body)";
            insert.Parameters.AddWithValue("$job", message.JobId);
            insert.Parameters.AddWithValue("$conversation", message.ConversationId);
            insert.Parameters.AddWithValue("$owner", message.Owner);
            insert.Parameters.AddWithValue("$body", Encoding.UTF8.GetBytes(message.Body));
            insert.ExecuteNonQuery();
        }
    }
}
