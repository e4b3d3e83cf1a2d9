using CloudIa.Protocol;

namespace CloudIa.Client;

/// <summary>The service answered that it will not do what was asked, or gave no answer at all.</summary>
public sealed class CloudIaException : Exception
{
    /// <summary><see cref="Code"/> of a call that had no answer: no connection, or none in time.</summary>
    public const string Unreachable = "unreachable";

    /// <summary><see cref="Code"/> of an answer that is not cloud-ia's: a proxy's page, another program.</summary>
    public const string NotUnderstood = "not_understood";

    internal CloudIaException(Problem problem, TimeSpan? retryAfter)
        : base(problem.Detail ?? problem.Title)
    {
        Code = problem.Code;
        Status = problem.Status;
        TraceId = problem.TraceId;
        JobId = problem.JobId;
        RetryAfter = retryAfter;
        Retryable = problem.Retryable ?? IsPassing(problem.Status);
    }

    internal CloudIaException(int status, TimeSpan? retryAfter)
        : base($"The service answered with HTTP status {status} and no explanation.")
    {
        Code = NotUnderstood;
        Status = status;
        RetryAfter = retryAfter;
        Retryable = IsPassing(status);
    }

    internal CloudIaException(string code, string message, Exception? cause, int status = 0)
        : base(message, cause)
    {
        Code = code;
        Status = status;
        Retryable = code == Unreachable;
    }

    /// <summary>One of <see cref="ErrorCode"/>, <see cref="Unreachable"/> or <see cref="NotUnderstood"/>.</summary>
    public string Code { get; }

    /// <summary>The HTTP status; 0 where there was no answer.</summary>
    public int Status { get; }

    /// <summary>What to name when asking the operator about it.</summary>
    public string? TraceId { get; }

    /// <summary>The job it is about, where it is about one.</summary>
    public string? JobId { get; }

    /// <summary>Whether the same call may succeed later.</summary>
    public bool Retryable { get; }

    /// <summary>How long to wait before it, where the service said so.</summary>
    public TimeSpan? RetryAfter { get; }

    /// <summary>Whether the session is the reason: there is none, or it is not accepted (any more).</summary>
    public bool NeedsSession => Status == 401;

    private static bool IsPassing(int status) => status is 408 or 429 or >= 500;
}
