using CloudIa.Core.History;
using CloudIa.Core.Queue;
using Microsoft.Data.Sqlite;

namespace CloudIa.Embedded.Storage;

/// <summary>Says the engine's errors in the ports' words.</summary>
internal static class SqliteErrors
{
    private const int SqliteFull = 13;

    public static async Task<T> AsQueue<T>(this Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (SqliteException error)
        {
            throw new QueueUnavailableException(error.Message, error.SqliteErrorCode == SqliteFull, error);
        }
        catch (ObjectDisposedException error)
        {
            throw new QueueUnavailableException("The database is closed.", full: false, error);
        }
    }

    public static async Task<T> AsHistory<T>(this Task<T> call)
    {
        try
        {
            return await call;
        }
        catch (SqliteException error)
        {
            throw new HistoryUnavailableException(error.Message, error);
        }
        catch (ObjectDisposedException error)
        {
            throw new HistoryUnavailableException("The database is closed.", error);
        }
    }
}
