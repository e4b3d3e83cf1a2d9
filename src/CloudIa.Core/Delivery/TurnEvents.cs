using CloudIa.Core.Conversations;
using CloudIa.Protocol;

namespace CloudIa.Core.Delivery;

/// <summary>Says a stored turn in the words of the wire.</summary>
public static class TurnEvents
{
    /// <summary>The event of a turn that has ended.</summary>
    public static ServerEvent End(Turn turn, string? sessionId, string? traceId)
    {
        var end = turn.End ?? throw new ArgumentException("The turn has not ended.", nameof(turn));
        return end.Status switch
        {
            JobStatus.Completed => new MessageCompleted
            {
                JobId = turn.JobId,
                ConversationId = turn.ConversationId,
                SessionId = sessionId,
                TraceId = traceId,
                Timestamp = end.EndedAt,
                Turn = turn.Number ?? 0,
                Attempt = turn.Attempt,
                Content = end.Content,
                Metadata = Metadata(turn, end),
            },
            JobStatus.Cancelled => new MessageStopped
            {
                JobId = turn.JobId,
                ConversationId = turn.ConversationId,
                SessionId = sessionId,
                TraceId = traceId,
                Timestamp = end.EndedAt,
                Turn = turn.Number ?? 0,
                Attempt = turn.Attempt,
                Content = end.Content,
                Metadata = end.Model is null ? null : Metadata(turn, end),
            },
            _ => new ErrorEvent
            {
                JobId = turn.JobId,
                ConversationId = turn.ConversationId,
                SessionId = sessionId,
                TraceId = traceId,
                Timestamp = end.EndedAt,
                Code = end.ErrorCode ?? ErrorCode.Internal,
                Details = end.ErrorDetails,
                Retryable = true,
                Final = true,
            },
        };
    }

    private static AnswerMetadata Metadata(Turn turn, TurnEnd end) => new()
    {
        Model = end.Model ?? "",
        Tokens = (end.Usage?.InputTokens ?? 0) + (end.Usage?.OutputTokens ?? 0),
        InputTokens = end.Usage?.InputTokens ?? 0,
        OutputTokens = end.Usage?.OutputTokens ?? 0,
        Cost = end.Usage?.Cost,
        Attempts = turn.Attempt,
        DurationMs = (long)(end.EndedAt - turn.AcceptedAt).TotalMilliseconds,
        FinishReason = end.FinishReason ?? "",
    };
}
