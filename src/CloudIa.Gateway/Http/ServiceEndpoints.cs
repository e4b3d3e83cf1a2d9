using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Gateway.Connections;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>What the service is made of and how it is.</summary>
public sealed class ServiceEndpoints(ModelCatalog models, IJobQueue queue, ConnectionRegistry connections)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/models", GetModelsAsync);
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
        if (connections.Leaving)
        {
            await Json.WriteAsync(context, new HealthView("stopping", []), ProtocolJson.Wire.HealthView, StatusCodes.Status503ServiceUnavailable);
            return;
        }

        HealthView view;
        try
        {
            var depth = await queue.MeasureAsync(context.RequestAborted);
            var gates = models.Models.Select(GateHealth).ToList();
            view = new HealthView(
                gates.TrueForAll(part => part.Status == "ok") ? "ok" : "degraded",
                [new PartHealth("queue", "ok", $"{depth.Waiting} waiting, {depth.DeadLetters} dead letters"), .. gates]);
        }
        catch (Exception error) when (error is QueueUnavailableException or HistoryUnavailableException)
        {
            view = new HealthView("down", [new PartHealth("queue", "down")]);
        }

        await Json.WriteAsync(context, view, ProtocolJson.Wire.HealthView, view.Status == "down" ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    /// <summary>A model that is away makes nobody unready: messages are taken, and wait for it.</summary>
    private static PartHealth GateHealth(CatalogModel model)
    {
        var state = ModelStates.Of(model);
        return new PartHealth($"model {model.Name}", state.State == "closed" ? "ok" : state.State, state.RetryAt is { } until ? $"until {until:O}" : null);
    }
}
