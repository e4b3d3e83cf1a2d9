using Microsoft.Data.Sqlite;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// The comparators' store: one SQLite connection, WAL, synchronous=FULL, one prepared INSERT of the body.
/// Used by one thread at a time.
/// </summary>
internal sealed class JobTable : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert;
    private readonly SqliteParameter _body;
    private readonly SqliteCommand _begin;
    private readonly SqliteCommand _commit;

    public JobTable(string folder)
    {
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = Path.Combine(folder, "jobs.db"),
            Pooling = false,
        }.ToString());
        _connection.Open();
        using (var setup = _connection.CreateCommand())
        {
            setup.CommandText = """
                PRAGMA journal_mode=WAL;
                PRAGMA synchronous=FULL;
                CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
                """;
            setup.ExecuteNonQuery();
        }

        _insert = Prepare("INSERT INTO jobs (body) VALUES ($body)");
        _body = _insert.Parameters.Add("$body", SqliteType.Blob);
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
    }

    /// <summary>Outside a transaction this is one durable commit.</summary>
    public void Insert(byte[] body)
    {
        _body.Value = body;
        _insert.ExecuteNonQuery();
    }

    public void Begin() => _begin.ExecuteNonQuery();

    public void Commit() => _commit.ExecuteNonQuery();

    public void Dispose()
    {
        _commit.Dispose();
        _begin.Dispose();
        _insert.Dispose();
        _connection.Dispose();
    }

    private SqliteCommand Prepare(string sql)
    {
        var command = _connection.CreateCommand();
#pragma warning disable CA2100 // The three statements above, constants all.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command;
    }
}
