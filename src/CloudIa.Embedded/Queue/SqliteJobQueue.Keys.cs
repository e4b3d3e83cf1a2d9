using CloudIa.Core.Conversations;

namespace CloudIa.Embedded.Queue;

/// <summary>Whose jobs there are, for those who count them.</summary>
public sealed partial class SqliteJobQueue
{
    /// <summary>Names every job that is in the table at the call, also one that cannot be read.</summary>
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
