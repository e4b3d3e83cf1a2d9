using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>What every event about a job carries: which job, whose session asked for it, under which trace, and when it was said.</summary>
public readonly record struct EventHead(string JobId, string ConversationId, string? SessionId, string? TraceId, DateTimeOffset At)
{
    public static EventHead Of(JobMessage job, DateTimeOffset at) => new(job.JobId, job.ConversationId, job.SessionId, job.TraceId, at);

    /// <summary>The event, with this head.</summary>
    public T On<T>(T headless)
        where T : JobEvent =>
        headless with { JobId = JobId, ConversationId = ConversationId, SessionId = SessionId, TraceId = TraceId, Timestamp = At };

    /// <summary>The error, as one of the job's.</summary>
    public ErrorEvent On(ErrorEvent headless) =>
        headless with { JobId = JobId, ConversationId = ConversationId, SessionId = SessionId, TraceId = TraceId, Timestamp = At };
}
