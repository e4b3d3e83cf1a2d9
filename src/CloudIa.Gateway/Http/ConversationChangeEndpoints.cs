using CloudIa.Core.Conversations;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>What an owner does to a whole conversation: rename it, give it a system prompt, delete it.</summary>
public sealed class ConversationChangeEndpoints(ConversationDesk desk, Authentication authentication, GatewayOptions options)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPatch("/conversations/{conversationId}", ChangeAsync);
        routes.MapDelete("/conversations/{conversationId}", DeleteAsync);
    }

    private async Task ChangeAsync(HttpContext context)
    {
        var key = authentication.ConversationOf(context);
        var body = await Json.ReadAsync(context, ProtocolJson.Default.ConversationChanges, options.MaxBodyBytes);
        var change = new ConversationChange(body.Title?.Trim(), string.IsNullOrWhiteSpace(body.SystemPrompt) ? body.SystemPrompt?.Trim() : body.SystemPrompt);
        if (desk.ErrorIn(change) is { } error)
        {
            throw new RequestRefusedException(error);
        }

        var changed = await desk.ChangeAsync(key, change, Problems.TraceIdOf(context), context.RequestAborted)
            ?? throw new RequestRefusedException(ErrorCode.NotFound);
        await Json.WriteAsync(context, ConversationViews.Of(changed), ProtocolJson.Wire.ConversationView);
    }

    private async Task DeleteAsync(HttpContext context)
    {
        if (!await desk.DeleteAsync(authentication.ConversationOf(context), Problems.TraceIdOf(context), context.RequestAborted))
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
