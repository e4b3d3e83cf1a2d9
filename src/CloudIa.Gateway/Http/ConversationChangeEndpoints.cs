using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>What an owner does to a whole conversation: rename it, give it a system prompt, copy it, answer its last turn again, delete it.</summary>
public sealed class ConversationChangeEndpoints(
    ConversationDesk desk, MessageIntake intake, RequestLimit requests, Authentication authentication, GatewayOptions options)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPatch("/conversations/{conversationId}", ChangeAsync);
        routes.MapPost("/conversations/{conversationId}/regenerate", RegenerateAsync);
        routes.MapPost("/conversations/{conversationId}/fork", ForkAsync);
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

        if (!await requests.AdmitsAsync(context, key.Owner))
        {
            return;
        }

        var changed = await desk.ChangeAsync(key, change, Problems.TraceIdOf(context), context.RequestAborted)
            ?? throw new RequestRefusedException(ErrorCode.NotFound);
        await Json.WriteAsync(context, ConversationViews.Of(changed), ProtocolJson.Wire.ConversationView);
    }

    private async Task RegenerateAsync(HttpContext context)
    {
        var caller = authentication.CallerOf(context);
        var key = authentication.ConversationOf(context);
        var body = await Json.ReadAsync(context, ProtocolJson.Default.RegenerateRequest, options.MaxBodyBytes, absent: new RegenerateRequest());
        var admission = await intake.RegenerateAsync(
            caller, key.ConversationId, body.Model, Receipts.IdempotencyKey(context), Problems.TraceIdOf(context), context.RequestAborted);
        await Receipts.WriteAsync(context, admission, caller);
    }

    private async Task ForkAsync(HttpContext context)
    {
        var key = authentication.ConversationOf(context);
        var body = await Json.ReadAsync(context, ProtocolJson.Default.ForkRequest, options.MaxBodyBytes);
        if (body.Turn is not { } turn || turn < 0)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, "turn: the last one to keep, or 0");
        }

        if (!await requests.AdmitsAsync(context, key.Owner))
        {
            return;
        }

        switch (await desk.ForkAsync(key, turn, Problems.TraceIdOf(context), context.RequestAborted))
        {
            case ForkResult.Forked forked:
                context.Response.Headers.Location = $"{context.Request.PathBase}/conversations/{forked.Conversation.ConversationId}";
                await Json.WriteAsync(context, ConversationViews.Of(forked.Conversation), ProtocolJson.Wire.ConversationView, StatusCodes.Status201Created);
                break;
            case ForkResult.BeyondLast beyond:
                throw new RequestRefusedException(ErrorCode.InvalidRequest, $"turn: the last one is {beyond.Last}");
            case ForkResult.Busy:
                throw new RequestRefusedException(ErrorCode.ConversationBusy);
            default:
                throw new RequestRefusedException(ErrorCode.NotFound);
        }
    }

    private async Task DeleteAsync(HttpContext context)
    {
        var key = authentication.ConversationOf(context);
        if (!await requests.AdmitsAsync(context, key.Owner))
        {
            return;
        }

        if (!await desk.DeleteAsync(key, Problems.TraceIdOf(context), context.RequestAborted))
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
