using Polly;
using Polly.CircuitBreaker;

namespace CloudIa.Core.Model.Resilience;

/// <summary>
/// One call as the breaker counts it: under way from its start until one knows what it was worth. A probe has shown
/// that with its first token; any other call with its end. What shows nothing is never told, and counts for nothing.
/// </summary>
internal sealed class Verdict
{
    private readonly CircuitBreakerStateProvider breaker;
    private readonly ResilienceContext context = ResilienceContextPool.Shared.Get();
    private readonly TaskCompletionSource<Outcome<bool>> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource entered = new();
    private readonly Task<Outcome<bool>> counted;
    private bool probes;
    private bool given;

    private Verdict(ResiliencePipeline<bool> pipeline, CircuitBreakerStateProvider breaker)
    {
        this.breaker = breaker;
        counted = pipeline.ExecuteOutcomeAsync(
            static (_, call) =>
            {
                call.entered.SetResult();
                return new ValueTask<Outcome<bool>>(call.told.Task);
            },
            context,
            this).AsTask();
    }

    /// <summary>Begins a call.</summary>
    /// <exception cref="BrokenCircuitException">The breaker is open.</exception>
    public static async ValueTask<Verdict> BeginAsync(ResiliencePipeline<bool> pipeline, CircuitBreakerStateProvider breaker)
    {
        var verdict = new Verdict(pipeline, breaker);
        await Task.WhenAny(verdict.entered.Task, verdict.counted);
        if (!verdict.entered.Task.IsCompleted)
        {
            (await verdict.counted).ThrowIfException();
        }

        verdict.probes = breaker.CircuitState == CircuitState.HalfOpen;
        return verdict;
    }

    public ValueTask FirstTokenAsync() => probes ? GiveAsync(null) : ValueTask.CompletedTask;

    /// <summary>The call is over: whole, or with what it failed with.</summary>
    public async ValueTask GiveAsync(Exception? failure)
    {
        // An old stream's end would be taken for that of the probe; and one that was called off shows nothing.
        if (given || (!probes && (breaker.CircuitState != CircuitState.Closed || failure is OperationCanceledException)))
        {
            return;
        }

        given = true;
        told.SetResult(failure is null ? Outcome.FromResult(true) : Outcome.FromException<bool>(failure));
        await counted;
        ResilienceContextPool.Shared.Return(context);
    }
}
