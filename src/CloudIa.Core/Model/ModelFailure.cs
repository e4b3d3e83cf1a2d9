using CloudIa.Protocol;

namespace CloudIa.Core.Model;

/// <summary>Why a call gave no answer. The kinds differ in whether trying again can heal them.</summary>
public enum ModelFailureKind
{
    Throttled,
    Overloaded,

    /// <summary>The provider's own fault, perhaps with this very prompt.</summary>
    Faulted,
    Timeout,
    Unreachable,
    StreamBroken,
    Refused,
    BadRequest,
    BadCredentials,

    /// <summary>The model was not called.</summary>
    CircuitOpen,
}

/// <summary>A call that gave no answer.</summary>
/// <param name="Kind">What went wrong.</param>
/// <param name="Details">For the operator: statuses and times, never the provider's text.</param>
/// <param name="RetryAfter">Where the provider said when to come again.</param>
public sealed record ModelFailure(ModelFailureKind Kind, string Details, TimeSpan? RetryAfter = null)
{
    /// <summary>Whether trying again can help.</summary>
    public bool Heals => OfProvider || Kind is ModelFailureKind.Timeout or ModelFailureKind.StreamBroken or ModelFailureKind.Faulted;

    /// <summary>Whether it is surely the provider's and not the job's: then waiting costs the job no attempt.</summary>
    public bool OfProvider => Kind is ModelFailureKind.Throttled or ModelFailureKind.Overloaded or ModelFailureKind.Unreachable or ModelFailureKind.CircuitOpen;

    /// <summary>Whether the breaker counts it. A provider that throttles is there: fewer calls are the answer to that.</summary>
    public bool Breaks => Heals && Kind is not (ModelFailureKind.Throttled or ModelFailureKind.CircuitOpen);

    /// <summary>Whether another model may answer in its place: not what is wrong with the prompt itself.</summary>
    public bool OthersMayAnswer => Kind is not (ModelFailureKind.Refused or ModelFailureKind.BadRequest);

    /// <summary>Whether all tries were used that a call has before its first token.</summary>
    public bool Exhausted { get; init; }

    /// <summary>The wire's code.</summary>
    public string Code => Kind switch
    {
        ModelFailureKind.Throttled => ErrorCode.ModelThrottled,
        ModelFailureKind.Overloaded => ErrorCode.ModelOverloaded,
        ModelFailureKind.Faulted => ErrorCode.ModelFailed,
        ModelFailureKind.Timeout => ErrorCode.ModelTimeout,
        ModelFailureKind.Unreachable => ErrorCode.ModelUnreachable,
        ModelFailureKind.StreamBroken => ErrorCode.ModelStreamBroken,
        ModelFailureKind.Refused => ErrorCode.ModelRefused,
        ModelFailureKind.BadRequest => ErrorCode.ModelBadRequest,
        ModelFailureKind.BadCredentials => ErrorCode.ModelBadCredentials,
        ModelFailureKind.CircuitOpen => ErrorCode.CircuitOpen,
        _ => ErrorCode.Internal,
    };
}
