using CloudIa.Core.Health;
using CloudIa.Core.Model;
using CloudIa.Gateway.Connections;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>What the service is made of and how it is.</summary>
public sealed class ServiceEndpoints(ModelCatalog models, IEnumerable<EngineProbe> engines, ConnectionRegistry connections, TimeProvider time)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/models", GetModelsAsync);
        MapHealth(routes);
    }

    /// <summary>What a process that serves no clients has, too.</summary>
    internal void MapHealth(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", GetLiveAsync);
        routes.MapGet("/health/ready", GetReadyAsync);
    }

    private Task GetModelsAsync(HttpContext context)
    {
        var views = models.Models.Select(model =>
            new ModelView(model.Name, model.Options.Provider, model == models.Default, model.Options.ContextTokens));
        return Json.WriteAsync(context, new ModelsView([.. views]), ProtocolJson.Wire.ModelsView);
    }

    private static Task GetLiveAsync(HttpContext context) =>
        Json.WriteAsync(context, new HealthView("ok", []), ProtocolJson.Wire.HealthView);

    private async Task GetReadyAsync(HttpContext context)
    {
        if (connections.Stopping)
        {
            await Json.WriteAsync(context, new HealthView("stopping", []), ProtocolJson.Wire.HealthView, StatusCodes.Status503ServiceUnavailable);
            return;
        }

        var states = await Task.WhenAll(engines.Select(engine => engine.LookAsync(time, context.RequestAborted)));
        PartHealth[] parts = [.. states.Select(EngineHealth), .. models.Models.Select(GateHealth)];
        var down = states.Any(state => state is { Away: true, Engine.Needed: true });
        var view = new HealthView(down ? "down" : parts.All(part => part.Status == "ok") ? "ok" : "degraded", parts);
        await Json.WriteAsync(context, view, ProtocolJson.Wire.HealthView, down ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private static PartHealth EngineHealth(EngineState state) => new(state.Engine.Name, state.Away ? "down" : "ok", state.Details);

    /// <summary>A model that is away makes nobody unready: messages are taken, and wait for it.</summary>
    private static PartHealth GateHealth(CatalogModel model)
    {
        var state = ModelStates.Of(model);
        return new PartHealth($"model {model.Name}", state.State == "closed" ? "ok" : state.State, state.RetryAt is { } until ? $"until {until:O}" : null);
    }
}
