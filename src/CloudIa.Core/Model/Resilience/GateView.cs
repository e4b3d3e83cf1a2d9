namespace CloudIa.Core.Model.Resilience;

/// <summary>How a model's gate stands.</summary>
public enum GateState
{
    /// <summary>Calls go through.</summary>
    Closed,

    /// <summary>The provider asked to be left alone for a while.</summary>
    Throttled,

    /// <summary>The breaker is open: no calls until its break is over.</summary>
    Open,

    /// <summary>The break is over: one call may probe, or does.</summary>
    HalfOpen,
}

/// <summary>A gate at one moment.</summary>
/// <param name="State">How it stands.</param>
/// <param name="RetryAt">Where it is open or throttled: until when.</param>
/// <param name="InFlight">Jobs that are with the model.</param>
/// <param name="Limit">How many may be at once.</param>
public readonly record struct GateView(GateState State, DateTimeOffset? RetryAt, int InFlight, int Limit);
