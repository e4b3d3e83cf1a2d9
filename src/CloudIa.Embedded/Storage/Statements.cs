using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Storage;

/// <summary>One connection and its prepared statements, each prepared at its first use. For one thread at a time.</summary>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> prepared = [];

    public SqliteConnection Connection => connection;

    /// <summary>The statement with these values for $1, $2 …; null becomes NULL.</summary>
    public SqliteCommand Bind(string sql, params ReadOnlySpan<object?> values)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every statement is a constant of this assembly.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 1; i <= values.Length; i++)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            }

            prepared.Add(sql, command);
        }

        for (var i = 0; i < values.Length; i++)
        {
            // A long text would end at its first U+0000, and a short one where it is read.
            command.Parameters[i].Value = values[i] is string text ? text.Replace('\0', '\uFFFD') : values[i] ?? DBNull.Value;
        }

        return command;
    }

    /// <summary>Runs the statement; the number of rows that it changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Bind(sql, values).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (var command in prepared.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }
}
