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
        var head = new EventHead(turn.JobId, turn.ConversationId, sessionId, traceId, end.EndedAt);
        var number = turn.Number ?? throw new ArgumentException("The turn has no number.", nameof(turn));
        return end.Status switch
        {
            JobStatus.Completed => head.On(new MessageCompleted
            {
                Turn = number,
                Attempt = turn.Attempt,
                Content = end.Content,
                Metadata = Metadata(turn, end),
            }),
            JobStatus.Cancelled => head.On(new MessageStopped
            {
                Turn = number,
                Attempt = turn.Attempt,
                Content = end.Content,
                Metadata = end.Model is null ? null : Metadata(turn, end),
            }),
            _ => head.On(new ErrorEvent
            {
                Attempt = turn.Attempt,
                Code = end.ErrorCode ?? ErrorCode.Internal,
                Details = end.ErrorDetails,
                Final = true,
            }),
        };
    }

    /// <summary>The end of a job whose conversation was deleted: nothing is stored of it, and its followers need wait no longer.</summary>
    public static ErrorEvent Deleted(EventHead head) =>
        head.On(new ErrorEvent { Code = ErrorCode.ConversationDeleted, Final = true });

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
