using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;

namespace CloudIa.Embedded.Queue;

/// <summary>A row of the jobs table, as far as it was read.</summary>
/// <param name="Seq">Its key; commits are in this order.</param>
/// <param name="Job">The job.</param>
internal readonly record struct QueuedJob(long Seq, JobMessage Job)
{
    /// <summary>The lane it waits in: its conversation.</summary>
    public string Lane => LaneOf(Job.Conversation);

    public static string LaneOf(ConversationKey conversation) => $"{conversation.Owner}\n{conversation.ConversationId}";
}
