namespace CloudIa.Protocol;

/// <summary>
/// The codes of problems (HTTP) and of <c>error</c> events (sockets, SSE). Stable: a client may switch on them.
/// </summary>
public static class ErrorCode
{
    // The request.
    public const string InvalidJson = "invalid_json";
    public const string InvalidRequest = "invalid_request";
    public const string MessageEmpty = "message_empty";
    public const string MessageTooLong = "message_too_long";
    public const string RoleNotUser = "role_not_user";
    public const string ModelUnknown = "model_unknown";
    public const string BodyTooLarge = "body_too_large";
    public const string RequestTimeout = "request_timeout";
    public const string ActionUnknown = "action_unknown";
    public const string FrameTooLarge = "frame_too_large";
    public const string FrameNotText = "frame_not_text";
    public const string CursorInvalid = "cursor_invalid";
    public const string KeyInvalid = "idempotency_key_invalid";
    public const string KeyReused = "idempotency_key_reused";
    public const string TitleInvalid = "title_invalid";
    public const string SystemPromptTooLong = "system_prompt_too_long";
    public const string ConversationBusy = "conversation_busy";
    public const string ConversationDeleted = "conversation_deleted";
    public const string NothingToRegenerate = "nothing_to_regenerate";

    // Who asks.
    public const string TokenMissing = "token_missing";
    public const string TokenInvalid = "token_invalid";
    public const string TokenExpired = "token_expired";
    public const string TicketInvalid = "ticket_invalid";
    public const string HostUnknown = "host_unknown";
    public const string OriginForbidden = "origin_forbidden";
    public const string AdminLocalOnly = "admin_local_only";
    public const string NotFound = "not_found";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string RateLimited = "rate_limited";
    public const string TooManyJobs = "too_many_jobs";
    public const string TooManyConnections = "too_many_connections";

    // The service.
    public const string QueueUnavailable = "queue_unavailable";
    public const string StorageFull = "storage_full";
    public const string HistoryUnavailable = "history_unavailable";
    public const string ShuttingDown = "shutting_down";
    public const string NotServedHere = "not_served_here";
    public const string OutOfTime = "out_of_time";
    public const string AnswerTooLarge = "answer_too_large";
    public const string RelayUnavailable = "relay_unavailable";
    public const string Internal = "internal";

    // The model, in the words of its failure kinds.
    public const string ModelThrottled = "model_throttled";
    public const string ModelOverloaded = "model_overloaded";
    public const string ModelFailed = "model_failed";
    public const string ModelTimeout = "model_timeout";
    public const string ModelUnreachable = "model_unreachable";
    public const string ModelStreamBroken = "model_stream_broken";
    public const string ModelRefused = "model_refused";
    public const string ModelBadRequest = "model_bad_request";
    public const string ModelBadCredentials = "model_bad_credentials";
    public const string CircuitOpen = "circuit_open";
    public const string AttemptsExhausted = "attempts_exhausted";
    public const string DeadlineExceeded = "deadline_exceeded";

    // What lies in the queue.
    public const string MessageUnreadable = "message_unreadable";
}
