using System.Text.Json.Serialization;

namespace CloudIa.Protocol;

/// <summary>
/// Where a job stands. The last three are ends. No job leaves them but one that failed: an operator may put it back from
/// the dead letters, and then it goes on with a higher attempt.
/// </summary>
[JsonConverter(typeof(WordConverter<JobStatus>))]
public enum JobStatus
{
    /// <summary>Accepted, not yet begun.</summary>
    [JsonStringEnumMemberName("queued")]
    Queued,

    /// <summary>An attempt is under way, or a worker died in one and the next is due.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>Waiting for a provider.</summary>
    [JsonStringEnumMemberName("deferred")]
    Deferred,

    [JsonStringEnumMemberName("completed")]
    Completed,

    [JsonStringEnumMemberName("failed")]
    Failed,

    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>Who wrote a message of a conversation.</summary>
[JsonConverter(typeof(WordConverter<MessageRole>))]
public enum MessageRole
{
    [JsonStringEnumMemberName("user")]
    User,

    [JsonStringEnumMemberName("assistant")]
    Assistant,
}

/// <summary>What a message does when its conversation is still answering an earlier one.</summary>
[JsonConverter(typeof(WordConverter<WhenBusy>))]
public enum WhenBusy
{
    /// <summary>Waits its turn (the default).</summary>
    [JsonStringEnumMemberName("enqueue")]
    Enqueue,

    /// <summary>Is refused with 409.</summary>
    [JsonStringEnumMemberName("reject")]
    Reject,

    /// <summary>Stops the running answer and goes next.</summary>
    [JsonStringEnumMemberName("interrupt")]
    Interrupt,
}

public static class JobStatusEnds
{
    /// <summary>True for completed, failed and cancelled.</summary>
    public static bool IsEnd(this JobStatus status) =>
        status is JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled;
}

/// <summary>Reads and writes these words as words alone: a number is none of them.</summary>
public sealed class WordConverter<T>() : JsonStringEnumConverter<T>(namingPolicy: null, allowIntegerValues: false)
    where T : struct, Enum;
