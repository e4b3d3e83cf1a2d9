using CloudIa.Core.Conversations;

namespace CloudIa.Embedded.Queue;

/// <summary>Whose jobs there are, for those who count them.</summary>
public sealed partial class SqliteJobQueue
{
    /// <summary>Names every job of the table, a million of them in about a second. To be called before the first is received.</summary>
    internal void ReadKeys(Action<JobKey> each) => database.Read(read =>
    {
        using var row = read.Bind("SELECT owner, job_id FROM jobs").ExecuteReader();
        while (row.Read())
        {
            each(new JobKey(row.GetString(0), row.GetString(1)));
        }

        return true;
    });
}
