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
            view = new HealthView("ok", [new PartHealth("queue", "ok", $"{depth.Waiting} waiting, {depth.DeadLetters} dead letters"), new PartHealth("models", "ok", string.Join(", ", models.Models.Select(model => model.Name)))]);
        }
        catch (Exception error) when (error is QueueUnavailableException or HistoryUnavailableException)
        {
            view = new HealthView("down", [new PartHealth("queue", "down")]);
        }

        await Json.WriteAsync(context, view, ProtocolJson.Wire.HealthView, view.Status == "ok" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
