using Polly;
using Polly.CircuitBreaker;

namespace CloudIa.Core.Model.Resilience;

/// <summary>
/// What stands between jobs and one model: its circuit breaker, the pause that its provider asked for, and how many calls
/// it takes at once. Polly decides about calls; the gate says beforehand whether a job need try, so that a job waits in
/// the queue and not in a call.
/// </summary>
public sealed partial class ModelGate
{
    /// <summary>Waits up to this are waited out where one stands; for longer ones jobs go back to the queue, and their owners are told.</summary>
    public static readonly TimeSpan InPlace = TimeSpan.FromSeconds(5);

    /// <summary>What a provider is left alone for that throttles even one call at a time: long enough that jobs are told of it.</summary>
    private static readonly TimeSpan LeftAlone = TimeSpan.FromSeconds(10);

    /// <summary>Polly reads the clock a moment after us: a probe in that moment would be refused.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(1);

    private readonly Lock gate = new();
    private readonly ModelOptions options;
    private readonly TimeProvider time;
    private readonly AdaptiveLimit limit;
    private readonly CircuitBreakerStateProvider breaker = new();
    private readonly ResiliencePipeline<CallStream> opening;
    private readonly ResiliencePipeline<bool> counting;
    private long openUntil;
    private DateTimeOffset pausedUntil;
    private int inFlight;
    private int goingOut;
    private ModelPermit? probe;

    public ModelGate(ModelOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        limit = new AdaptiveLimit(options.MaxConcurrency);
        counting = new ResiliencePipelineBuilder<bool> { TimeProvider = time }.AddCircuitBreaker(Breaker()).Build();
        opening = new ResiliencePipelineBuilder<CallStream> { TimeProvider = time }.AddRetry(Retry()).Build();
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
            var permit = new ModelPermit(this, probes: view.State == GateState.HalfOpen);
            probe = permit.Probes ? permit : probe;
            return permit;
        }
    }

    /// <summary>
    /// Whether a job that holds a place may try once more where it stands. One that may not is on its way out and counts
    /// no more for the others, so that of many that fail at once the last ones stay.
    /// </summary>
    private bool MayStay(ModelPermit permit)
    {
        lock (gate)
        {
            if (inFlight - goingOut <= limit.Current && breaker.CircuitState is CircuitState.Closed && pausedUntil - time.GetUtcNow() <= InPlace)
            {
                return true;
            }

            goingOut += permit.GoesOut ? 0 : 1;
            permit.GoesOut = true;
            return false;
        }
    }

    private TimeSpan PauseLeft
    {
        get
        {
            lock (gate)
            {
                return pausedUntil - time.GetUtcNow();
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
            goingOut -= permit.GoesOut ? 1 : 0;
            probe = probe == permit ? null : probe;
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
    /// <param name="failure">What it said.</param>
    /// <param name="era">The limit's when the try began.</param>
    /// <param name="last">Whether it was the call's last try.</param>
    internal void Refused(ModelFailure failure, int era, bool last)
    {
        lock (gate)
        {
            var pause = failure.RetryAfter ?? TimeSpan.Zero;
            if (failure.Kind == ModelFailureKind.Throttled && last && limit.Current == 1 && pause < LeftAlone)
            {
                pause = LeftAlone;
            }

            if (time.GetUtcNow() + pause is var until && until > pausedUntil)
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

    /// <summary>Begins a call for the breaker.</summary>
    /// <exception cref="BrokenCircuitException">It is open.</exception>
    internal ValueTask<Verdict> CountAsync() => Verdict.BeginAsync(counting, breaker);

    private GateView View_NeedsLock()
    {
        var now = time.GetUtcNow();
        var breakEnds = new DateTimeOffset(Volatile.Read(ref openUntil), TimeSpan.Zero);
        var until = breakEnds > pausedUntil ? breakEnds : pausedUntil;
        return breaker.CircuitState switch
        {
            CircuitState.Closed when pausedUntil > now => new GateView(GateState.Throttled, pausedUntil, inFlight, limit.Current),
            CircuitState.Closed => new GateView(GateState.Closed, null, inFlight, limit.Current),
            _ when until > now => new GateView(GateState.Open, until, inFlight, 0),
            _ => new GateView(GateState.HalfOpen, null, inFlight, probe is null ? inFlight + 1 : 0),
        };
    }
}
