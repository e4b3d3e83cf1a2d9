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
    private readonly ManualResetEventSlim idle = new();

    // Those who read, and this one itself until it is disposed.
    private int users = 1;
    private int disposed;

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
    /// <exception cref="ObjectDisposedException">It was closed: the folder may be another's.</exception>
    internal T Read<T>(Func<Statements, T> read)
    {
        Interlocked.Increment(ref users);
        try
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
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
        finally
        {
            Leave();
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
            using var statements = OpenToRead(file);
            return statements.Bind("SELECT value FROM secrets WHERE name = $1", name).ExecuteScalar() as byte[];
        }
        catch (SqliteException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with the database of a data folder that no service uses; null: nothing.</summary>
    public static string? Check(string folder)
    {
        try
        {
            using var statements = OpenToRead(DataFolder.DatabaseIn(folder));
            return statements.Bind("PRAGMA quick_check(1)").ExecuteScalar() as string is var found and not "ok" ? found ?? "it is empty" : null;
        }
        catch (SqliteException error)
        {
            return error.Message;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        Writer.Dispose();
        Leave();
        idle.Wait();
        while (readers.TryTake(out var statements))
        {
            statements.Dispose();
        }
    }

    private static Statements OpenToRead(string file)
    {
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        connection.Open();
        return new Statements(connection);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref users) == 0)
        {
            idle.Set();
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
