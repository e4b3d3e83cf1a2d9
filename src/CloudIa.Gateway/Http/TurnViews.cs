using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Http;

/// <summary>Turns as clients read them.</summary>
internal static class TurnViews
{
    /// <summary>One job; while it runs, with what was streamed so far.</summary>
    public static JobView Job(Turn turn, AnswerSlice? running, string? language) => new()
    {
        JobId = turn.JobId,
        ConversationId = turn.ConversationId,
        Turn = turn.Number,
        Status = turn.Status,
        Attempt = running?.From.Attempt ?? turn.Attempt,
        Content = turn.End?.Content ?? running?.Text,
        Error = Error(turn, language),
        Version = turn is { Attempt: 0, End: null } ? null : turn.Version,
        Model = turn.End?.Model,
        Usage = turn.End?.Usage,
    };

    /// <summary>Messages that waited when they were read, but for those that had begun when the turns were read after that.</summary>
    public static IEnumerable<Turn> Waiting(IReadOnlyList<Turn> pending, IReadOnlyList<Turn> turns) =>
        pending.ExceptBy(turns.Select(turn => turn.JobId), waiting => waiting.JobId);

    /// <summary>The user's message of a turn.</summary>
    public static MessageView UserMessage(Turn turn) => new()
    {
        Turn = turn.Number,
        JobId = turn.JobId,
        Role = MessageRole.User,
        Content = turn.Message,
        Status = turn.Status,
        CreatedAt = turn.AskedAt ?? turn.AcceptedAt,
    };

    /// <summary>The answer of a turn; while it runs, what was streamed so far.</summary>
    public static MessageView AssistantMessage(Turn turn, AnswerSlice? running, string? language) => new()
    {
        Turn = turn.Number,
        JobId = turn.JobId,
        Role = MessageRole.Assistant,
        Content = turn.End?.Content ?? running?.Text ?? "",
        Status = turn.Status,
        CreatedAt = turn.End?.EndedAt ?? turn.AcceptedAt,
        Attempt = running?.From.Attempt ?? turn.Attempt,
        Version = turn.Version,
        Versions = turn.Versions,
        Model = turn.End?.Model,
        Usage = turn.End?.Usage,
        DurationMs = turn.End is { } end ? (long)(end.EndedAt - turn.AcceptedAt).TotalMilliseconds : null,
        FinishReason = turn.End?.FinishReason,
        Error = Error(turn, language),
    };

    private static JobError? Error(Turn turn, string? language) =>
        turn.End?.ErrorCode is { } code ? new JobError(code, ErrorText.Of(code).In(language)) : null;
}
