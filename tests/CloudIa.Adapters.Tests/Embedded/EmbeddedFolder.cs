using CloudIa.Embedded.Storage;
using CloudIa.TestEngines;
using Microsoft.Data.Sqlite;

namespace CloudIa.Adapters.Tests.Embedded;

/// <summary>A data folder of a test's own, which goes when the test ends.</summary>
internal sealed class EmbeddedFolder : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("cloudia-");
    private DataFolder folder;

    public EmbeddedFolder()
    {
        folder = DataFolder.Open(directory.FullName);
        Database = new EmbeddedDatabase(folder);
    }

    public EmbeddedDatabase Database { get; private set; }

    public string Path => folder.Path;

    /// <summary>As the next process finds it.</summary>
    public void Reopen()
    {
        Close();
        folder = Open(directory.FullName);
        Database = new EmbeddedDatabase(folder);
    }

    /// <summary>
    /// Opens a folder that was just let go of. A process that another test starts at this moment has what this one had
    /// open, the lock too, until it runs its own program.
    /// </summary>
    public static DataFolder Open(string path)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return DataFolder.Open(path);
            }
            catch (DataFolderInUseException) when (TimeProvider.System.GetElapsedTime(began) < Patience.Usual)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>A connection of nobody's, to write what the adapters never would.</summary>
    public void Execute(string sql, params ReadOnlySpan<object> values)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = folder.Database, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of the tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue($"${i + 1}", values[i]);
        }

        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        Close();
        directory.Delete(recursive: true);
    }

    private void Close()
    {
        Database.Dispose();
        folder.Dispose();
    }
}
