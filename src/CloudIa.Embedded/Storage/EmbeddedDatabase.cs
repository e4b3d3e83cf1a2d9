using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Storage;

/// <summary>The service's one SQLite file: one writer, and readers that never wait for it (WAL).</summary>
public sealed class EmbeddedDatabase : IDisposable
{
    /// <summary>Pages of write-ahead log before it is folded into the file: 16 MiB, so that a burst of accepts seldom waits for it.</summary>
    private const int CheckpointPages = 4096;

    /// <summary>The writer's page cache, in KiB: the inner pages of every index of a large database.</summary>
    private const int WriterCacheKiB = 65_536;

    private readonly string connectionString;
    private readonly ConcurrentBag<Statements> readers = [];

    public EmbeddedDatabase(DataFolder folder)
    {
        connectionString = new SqliteConnectionStringBuilder { DataSource = folder.Database, Pooling = false }.ToString();
        var statements = Open($"""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = {CheckpointPages};
            PRAGMA cache_size = -{WriterCacheKiB};
            PRAGMA temp_store = MEMORY;
            """);
        try
        {
            Migrations.Apply(statements);
        }
        catch
        {
            statements.Dispose();
            throw;
        }

        Writer = new GroupCommitWriter(statements);
    }

    internal GroupCommitWriter Writer { get; }

    /// <summary>Reads on the caller's thread: SQLite answers these reads from memory, in microseconds.</summary>
    internal T Read<T>(Func<Statements, T> read)
    {
        if (!readers.TryTake(out var statements))
        {
            statements = Open("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;");
        }

        try
        {
            return read(statements);
        }
        finally
        {
            readers.Add(statements);
        }
    }

    /// <summary>A secret of this installation's, made once.</summary>
    public byte[] Secret(string name, Func<byte[]> make)
    {
        using var statements = Open("PRAGMA synchronous = FULL;");
        statements.Execute("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, make());
        return (byte[])statements.Bind("SELECT value FROM secrets WHERE name = $1", name).ExecuteScalar()!;
    }

    /// <summary>A secret of the installation in a data folder, whose service may run; null where it cannot be read, or is none.</summary>
    public static byte[]? ReadSecret(string folder, string name)
    {
        var file = DataFolder.DatabaseIn(folder);
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            var connection = new SqliteConnection(
                new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
            using var statements = new Statements(connection);
            connection.Open();
            return statements.Bind("SELECT value FROM secrets WHERE name = $1", name).ExecuteScalar() as byte[];
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        Writer.Dispose();
        while (readers.TryTake(out var statements))
        {
            statements.Dispose();
        }
    }

    private Statements Open(string pragmas)
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this class.
        command.CommandText = pragmas;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
        return new Statements(connection);
    }
}
