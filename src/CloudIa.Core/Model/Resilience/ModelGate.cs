using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace CloudIa.Core.Model.Resilience;

/// <summary>
/// What stands between jobs and one model: its circuit breaker, the pause that its provider asked for, and how many calls
/// it takes at once. Polly decides about calls; the gate says beforehand whether a job need try, so that a job waits in
/// the queue and not in a call.
/// </summary>
public sealed class ModelGate
{
    /// <summary>Waits up to this are waited out where one stands; for longer ones jobs go back to the queue, and their owners are told.</summary>
    public static readonly TimeSpan InPlace = TimeSpan.FromSeconds(5);

    /// <summary>Polly reads the clock a moment after us: a probe in that moment would be refused.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly Lock gate = new();
    private readonly ModelOptions options;
    private readonly TimeProvider time;
    private readonly AdaptiveLimit limit;
    private readonly CircuitBreakerStateProvider breaker = new();
    private readonly ResiliencePipeline<CallStream> opening;
    private readonly ResiliencePipeline<CallStream> counting;
    private long openUntil;
    private DateTimeOffset pausedUntil;
    private int inFlight;
    private bool probing;

    public ModelGate(ModelOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        limit = new AdaptiveLimit(options.MaxConcurrency);
        var circuit = Breaker();
        counting = new ResiliencePipelineBuilder<CallStream> { TimeProvider = time }.AddCircuitBreaker(circuit).Build();
        opening = new ResiliencePipelineBuilder<CallStream> { TimeProvider = time }.AddRetry(Retry()).AddPipeline(counting).Build();
    }

    /// <summary>Called when a job may find room that it did not find before. Set once, by the catalog.</summary>
    internal Action? Freed { get; set; }

    public GateView View
    {
        get
        {
            lock (gate)
            {
                return View_NeedsLock();
            }
        }
    }

    /// <summary>How many more jobs are worth leasing: also those that will only be told to wait, for a breaker or for long.</summary>
    public int Room
    {
        get
        {
            lock (gate)
            {
                var view = View_NeedsLock();
                return view.RetryAt is not { } until ? Math.Max(0, view.Limit - view.InFlight)
                    : view.State == GateState.Open || until - time.GetUtcNow() > InPlace ? int.MaxValue
                    : 0;
            }
        }
    }

    /// <summary>Takes a place. Null where there is none: the view tells until when, or that all are taken.</summary>
    public ModelPermit? TryEnter(out GateView view)
    {
        lock (gate)
        {
            view = View_NeedsLock();
            if (view.RetryAt is not null || view.InFlight >= view.Limit)
            {
                return null;
            }

            inFlight++;
            var probes = view.State == GateState.HalfOpen;
            probing |= probes;
            return new ModelPermit(this, probes);
        }
    }

    /// <summary>Whether a job that holds a place may try once more where it stands.</summary>
    internal bool MayStay
    {
        get
        {
            lock (gate)
            {
                return inFlight <= limit.Current && breaker.CircuitState is CircuitState.Closed && pausedUntil - time.GetUtcNow() <= InPlace;
            }
        }
    }

    internal int Era
    {
        get
        {
            lock (gate)
            {
                return limit.Era;
            }
        }
    }

    internal void Leave(ModelPermit permit)
    {
        lock (gate)
        {
            inFlight--;
            probing &= !permit.Probes;
        }

        Freed?.Invoke();
    }

    /// <summary>The provider takes a call: one more may come.</summary>
    internal void Took()
    {
        lock (gate)
        {
            limit.Grow();
        }

        Freed?.Invoke();
    }

    /// <summary>The provider does not, for now.</summary>
    internal void Refused(ModelFailure failure, int era)
    {
        lock (gate)
        {
            if (failure.RetryAfter is { } pause && time.GetUtcNow() + pause is var until && until > pausedUntil)
            {
                pausedUntil = until;
            }

            if (failure.Kind == ModelFailureKind.Throttled)
            {
                limit.Cut(era);
            }
        }
    }

    /// <summary>Opens a stream up to its first token: once, or as often as the pipeline tries.</summary>
    internal async ValueTask<CallStream> OpenAsync(ModelCall call, CancellationToken cancellation)
    {
        var context = ResilienceContextPool.Shared.Get(cancellation);
        context.Properties.Set(ModelCall.Key, call);
        try
        {
            return await opening.ExecuteAsync(static (context, call) => call.TryAsync(context.CancellationToken), context, call);
        }
        catch (BrokenCircuitException error)
        {
            throw new ModelCallException(new ModelFailure(ModelFailureKind.CircuitOpen, "the circuit breaker is open", error.RetryAfter), error);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>A stream broke after its first token: a failure beside the call that began it, which the breaker has counted as taken.</summary>
    internal async ValueTask CountAsync(ModelCallException failure)
    {
        var context = ResilienceContextPool.Shared.Get();
        await counting.ExecuteOutcomeAsync(static (_, failure) => Outcome.FromExceptionAsValueTask<CallStream>(failure), context, failure);
        ResilienceContextPool.Shared.Return(context);
    }

    private GateView View_NeedsLock()
    {
        var now = time.GetUtcNow();
        var until = new DateTimeOffset(Volatile.Read(ref openUntil), TimeSpan.Zero);
        return breaker.CircuitState switch
        {
            CircuitState.Closed when pausedUntil > now => new GateView(GateState.Throttled, pausedUntil, inFlight, limit.Current),
            CircuitState.Closed => new GateView(GateState.Closed, null, inFlight, limit.Current),
            _ when until > now => new GateView(GateState.Open, until, inFlight, 0),
            _ => new GateView(GateState.HalfOpen, null, inFlight, probing ? 0 : inFlight + 1),
        };
    }

    private RetryStrategyOptions<CallStream> Retry() => new()
    {
        MaxRetryAttempts = Math.Max(1, options.Retries),
        ShouldHandle = args => ValueTask.FromResult(
            options.Retries > 0
            && args.Outcome.Exception is ModelCallException { Failure: { Heals: true } failure }
            && (failure.RetryAfter ?? TimeSpan.Zero) <= InPlace
            && MayStay
            && !args.Context.Properties.GetValue(ModelCall.Key, null!).MayGoElsewhere),
        DelayGenerator = args => ValueTask.FromResult<TimeSpan?>(Backoff.After(
            args.AttemptNumber + 1,
            TimeSpan.FromSeconds(options.RetrySeconds),
            (args.Outcome.Exception as ModelCallException)?.Failure.RetryAfter,
            Random.Shared.NextDouble())),
    };

    private CircuitBreakerStrategyOptions<CallStream> Breaker() => new()
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
            }

            Freed?.Invoke();
            return ValueTask.CompletedTask;
        },
    };
}
