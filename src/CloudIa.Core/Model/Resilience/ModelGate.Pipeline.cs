using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace CloudIa.Core.Model.Resilience;

/// <summary>What Polly is told: when to try again, and when to break.</summary>
public sealed partial class ModelGate
{
    private RetryStrategyOptions<CallStream> Retry() => new()
    {
        MaxRetryAttempts = Math.Max(1, options.Retries),
        ShouldHandle = args => ValueTask.FromResult(
            options.Retries > 0
            && args.Outcome.Exception is ModelCallException { Failure.Heals: true }
            && CallOf(args.Context) is { MayGoElsewhere: false } call
            && MayStay(call.Permit)),
        DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(Backoff.After(
            args.AttemptNumber + 1,
            TimeSpan.FromSeconds(options.RetrySeconds),
            PauseLeft,
            Random.Shared.NextDouble())),
    };

    private static ModelCall CallOf(ResilienceContext context) => context.Properties.GetValue(ModelCall.Key, null!);

    private CircuitBreakerStrategyOptions<bool> Breaker() => new()
    {
        FailureRatio = options.Breaker.FailureRatio,
        MinimumThroughput = options.Breaker.MinimumCalls,
        SamplingDuration = TimeSpan.FromSeconds(options.Breaker.SamplingSeconds),
        StateProvider = breaker,
        ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception switch
        {
            ModelCallException error => error.Failure.Breaks,

            // A probe that was called off has shown nothing: the break goes on.
            OperationCanceledException => breaker.CircuitState == CircuitState.HalfOpen,
            _ => false,
        }),
        BreakDurationGenerator = args =>
        {
            var seconds = options.Breaker.BreakSeconds * Math.Pow(2, Math.Min(args.HalfOpenAttempts, 30));
            var pause = TimeSpan.FromSeconds(Math.Min(seconds, options.Breaker.MaxBreakSeconds));
            // Polly holds its own lock here, which the gate's readers take inside of ours.
            Volatile.Write(ref openUntil, (time.GetUtcNow() + pause + Margin).UtcTicks);
            return ValueTask.FromResult(pause);
        },
        OnClosed = _ =>
        {
            lock (gate)
            {
                limit.BeginAgain();
                probe = null;
            }

            Freed?.Invoke();
            return ValueTask.CompletedTask;
        },
    };
}
