using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>Posting a message, asking for its answer, stopping it.</summary>
public sealed class ChatEndpoints(
    MessageIntake intake,
    StopDesk stops,
    IConversationStore store,
    IDeliveryBus bus,
    Authentication authentication,
    SessionTokens sessions,
    GatewayOptions options)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/chat", PostChatAsync);
        routes.MapPost("/message", PostMessageAsync);
        routes.MapGet("/chat/{jobId}", GetAsync);
        routes.MapDelete("/chat/{jobId}", StopAsync);
    }

    private async Task PostChatAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ProtocolJson.Default.ChatRequest, options.MaxBodyBytes);
        await AcceptAsync(context, body.ConnectionId, new PostedMessage
        {
            Message = body.Message,
            ConversationId = body.ConversationId,
            Model = body.Model,
            WhenBusy = body.WhenBusy,
            SystemPrompt = body.SystemPrompt,
            IdempotencyKey = Receipts.IdempotencyKey(context),
            TraceId = Problems.TraceIdOf(context),
        });
    }

    private async Task PostMessageAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ProtocolJson.Default.MessageRequest, options.MaxBodyBytes);
        if (body.Role is not (null or "user"))
        {
            throw new RequestRefusedException(ErrorCode.RoleNotUser);
        }

        await AcceptAsync(context, body.ConnectionId, new PostedMessage
        {
            Message = body.Content,
            ConversationId = body.ConversationId,
            WhenBusy = body.WhenBusy,
            IdempotencyKey = Receipts.IdempotencyKey(context),
            TraceId = Problems.TraceIdOf(context),
        });
    }

    private async Task AcceptAsync(HttpContext context, string? connectionId, PostedMessage posted)
    {
        var (caller, made) = await CallerAsync(context, connectionId);
        var admission = await intake.AcceptAsync(caller, posted, context.RequestAborted);
        if (made is not null && admission is Admission.Accepted)
        {
            Authentication.SetCookie(context, made);
        }

        await Receipts.WriteAsync(context, admission, caller, made?.Token);
    }

    /// <summary>Who posts: by credentials; without any by a live anonymous connection; without that in a session made now.</summary>
    private async ValueTask<(Caller Caller, NewSession? Made)> CallerAsync(HttpContext context, string? connectionId)
    {
        var reading = authentication.Identify(context);
        if (reading.Error is null)
        {
            return (reading.Caller, null);
        }

        if (reading.Error != ErrorCode.TokenMissing)
        {
            throw new RequestRefusedException(reading.Error);
        }

        // A page of another origin gets no session of ours to post with.
        if (!authentication.OriginAllowed(context.Request))
        {
            throw new RequestRefusedException(ErrorCode.OriginForbidden);
        }

        if (connectionId is null)
        {
            var made = sessions.Create();
            return (made.Caller, made);
        }

        return await bus.ResolveAsync(connectionId, context.RequestAborted) is { Anonymous: true } connection
            ? (new Caller(connection.Owner, connection.SessionId), null)
            : throw new RequestRefusedException(ErrorCode.NotFound, "connectionId");
    }

    private async Task GetAsync(HttpContext context)
    {
        var job = authentication.JobOf(context);
        var turn = await store.FindAsync(job, context.RequestAborted) ?? throw new RequestRefusedException(ErrorCode.NotFound);
        var running = turn.End is null ? await bus.ReadAsync(job, Position.Start, context.RequestAborted) : null;
        await Json.WriteAsync(
            context,
            TurnViews.Job(turn, running, context.Request.Headers.AcceptLanguage),
            ProtocolJson.Wire.JobView);
    }

    private async Task StopAsync(HttpContext context)
    {
        var result = await stops.StopAsync(authentication.JobOf(context), context.RequestAborted) ?? throw new RequestRefusedException(ErrorCode.NotFound);
        var ended = result is { Turn.End: not null, EndedNow: false };
        await Json.WriteAsync(
            context,
            TurnViews.Job(result.Turn, null, context.Request.Headers.AcceptLanguage),
            ProtocolJson.Wire.JobView,
            ended ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }
}
