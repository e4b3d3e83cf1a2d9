using CloudIa.Core.Model.Resilience;
using CloudIa.Protocol;

namespace CloudIa.Core.Model;

/// <summary>Why no model of a route can be called, and when that may change.</summary>
/// <param name="Until">When one may be tried again.</param>
/// <param name="Code">circuit_open, or model_throttled.</param>
public readonly record struct RouteWait(DateTimeOffset Until, string Code);

/// <summary>The models that may answer one job, in their order. A run holds a place at one of them at a time.</summary>
public sealed class ModelRoute(IReadOnlyList<CatalogModel> models) : IDisposable
{
    private int next;
    private ModelPermit? permit;

    /// <summary>The model that it holds a place at, and that place; null where it holds none.</summary>
    public (CatalogModel Model, ModelPermit Permit)? Place => permit is null ? null : (models[next - 1], permit);

    /// <summary>Whether a later model of the route would take the job now.</summary>
    public bool GoesOn => models.Skip(next).Any(model => model.Gate.View is { RetryAt: null } view && view.InFlight < view.Limit);

    /// <summary>Takes a place at the first model that has one. False where none has.</summary>
    public bool Enter()
    {
        next = 0;
        return MoveOn();
    }

    /// <summary>Leaves its place, if it has one, for one at a later model. False where none has.</summary>
    public bool MoveOn()
    {
        Dispose();
        while (next < models.Count && permit is null)
        {
            permit = models[next++].Gate.TryEnter(out _);
        }

        return permit is not null;
    }

    /// <summary>Until when all models are closed to calls. Null where one is not, though it may have no place free.</summary>
    public RouteWait? Wait()
    {
        RouteWait? soonest = null;
        foreach (var view in models.Select(model => model.Gate.View))
        {
            if (view.RetryAt is not { } until)
            {
                return null;
            }

            if (soonest is null || until < soonest.Value.Until)
            {
                soonest = new RouteWait(until, view.State == GateState.Throttled ? ErrorCode.ModelThrottled : ErrorCode.CircuitOpen);
            }
        }

        return soonest;
    }

    public void Dispose()
    {
        permit?.Dispose();
        permit = null;
    }
}
