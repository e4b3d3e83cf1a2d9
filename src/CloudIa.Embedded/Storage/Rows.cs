using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Storage;

/// <summary>Reads a column that may be NULL, or that is a time.</summary>
internal static class Rows
{
    public static DateTimeOffset GetTime(this SqliteDataReader row, int column) =>
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    public static string? GetText(this SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);

    public static int? GetNumber(this SqliteDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetInt32(column);
}
