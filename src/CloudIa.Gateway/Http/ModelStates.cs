using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Http;

/// <summary>Says a model's gate in the words of the wire.</summary>
internal static class ModelStates
{
    public static ModelState Of(CatalogModel model)
    {
        var view = model.Gate.View;
        var state = view.State switch
        {
            GateState.Closed => "closed",
            GateState.Throttled => "throttled",
            GateState.Open => "open",
            _ => "half_open",
        };
        return new ModelState(model.Name, state, view.RetryAt, view.InFlight, view.Limit);
    }
}
