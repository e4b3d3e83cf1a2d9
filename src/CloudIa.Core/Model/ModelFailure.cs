using CloudIa.Protocol;

namespace CloudIa.Core.Model;

/// <summary>Why a call gave no answer. The kinds differ in whether trying again can heal them.</summary>
public enum ModelFailureKind
{
    Throttled,
    Overloaded,
    Timeout,
    Unreachable,
    StreamBroken,
    Refused,
    BadRequest,
    BadCredentials,
}

/// <summary>A call that gave no answer.</summary>
/// <param name="Kind">What went wrong.</param>
/// <param name="Details">For the operator: statuses and times, never the provider's text.</param>
/// <param name="RetryAfter">Where the provider said when to come again.</param>
public sealed record ModelFailure(ModelFailureKind Kind, string Details, TimeSpan? RetryAfter = null)
{
    /// <summary>Whether trying again can help.</summary>
    public bool Heals => Kind is ModelFailureKind.Throttled or ModelFailureKind.Overloaded or ModelFailureKind.Timeout
        or ModelFailureKind.Unreachable or ModelFailureKind.StreamBroken;

    /// <summary>The wire's code.</summary>
    public string Code => Kind switch
    {
        ModelFailureKind.Throttled => ErrorCode.ModelThrottled,
        ModelFailureKind.Overloaded => ErrorCode.ModelOverloaded,
        ModelFailureKind.Timeout => ErrorCode.ModelTimeout,
        ModelFailureKind.Unreachable => ErrorCode.ModelUnreachable,
        ModelFailureKind.StreamBroken => ErrorCode.ModelStreamBroken,
        ModelFailureKind.Refused => ErrorCode.ModelRefused,
        ModelFailureKind.BadRequest => ErrorCode.ModelBadRequest,
        ModelFailureKind.BadCredentials => ErrorCode.ModelBadCredentials,
        _ => ErrorCode.Internal,
    };
}
