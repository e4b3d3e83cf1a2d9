using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Sockets;

/// <summary>Opens sockets at /ws, and at / for clients of the first version.</summary>
public sealed class SocketEndpoint(SocketServices services, Authentication authentication, SessionTokens sessions, Tickets tickets)
{
    internal const string Route = "/ws";

    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet(Route, OpenAsync);

    /// <summary>Takes a handshake at /; everything else there is the web app's.</summary>
    internal Task OpenAtRootAsync(HttpContext context, RequestDelegate next) =>
        context.WebSockets.IsWebSocketRequest && context.Request.Path == "/" ? OpenAsync(context) : next(context);

    private Task OpenAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, "a WebSocket handshake is expected here");
        }

        if (!authentication.OriginAllowed(context.Request))
        {
            throw new RequestRefusedException(ErrorCode.OriginForbidden);
        }

        return context.Request.Query["ticket"] is [{ Length: > 0 } ticket]
            ? OpenByTicketAsync(context, ticket)
            : OpenAsync(context, authentication.Identify(context));
    }

    private async Task OpenByTicketAsync(HttpContext context, string ticket) =>
        await OpenAsync(context, await tickets.TakeAsync(ticket, context.RequestAborted));

    private Task OpenAsync(HttpContext context, TokenReading reading)
    {
        var connected = Greet(context, reading, out var caller);

        // Followed before the client learns of it, so that nothing it causes is missed; and counted before the handshake
        // is answered, so that one too many is told why.
        var following = services.Pump.Bus.FollowAsync(caller.Owner, null, context.RequestAborted);
#pragma warning disable VSTHRD103 // It is there.
        return following.IsCompletedSuccessfully
            ? RunAsync(context, following.Result, connected, caller.SessionId)
            : RunFollowedAsync(context, following.AsTask(), connected, caller.SessionId);
#pragma warning restore VSTHRD103
    }

    private async Task RunFollowedAsync(HttpContext context, Task<OwnerFeed> following, Connected connected, string sessionId) =>
        await RunAsync(context, await following, connected, sessionId);

    // Without a state machine of its own, which would live as long as the connection does.
    private Task RunAsync(HttpContext context, OwnerFeed feed, Connected connected, string sessionId)
    {
        try
        {
            var connection = new SocketConnection(services, context, feed, sessionId, connected.ExpiresAt, connected.TraceId!);
            services.Connections.Add(connection);
            return connection.RunAsync(context, connected);
        }
        catch
        {
            feed.Dispose();
            throw;
        }
    }

    private Connected Greet(HttpContext context, TokenReading reading, out Caller caller)
    {
        (caller, var expiresAt, var made) = CallerOf(reading);
        return new Connected
        {
            ConnectionId = Identifiers.NewSecret(),
            SessionId = caller.SessionId,
            SessionToken = made?.Token,
            TraceId = Problems.TraceIdOf(context),
            Timestamp = services.Time.GetUtcNow(),
            ExpiresAt = expiresAt,
            HeartbeatSeconds = services.Options.HeartbeatSeconds,
        };
    }

    private (Caller Caller, DateTimeOffset ExpiresAt, NewSession? Made) CallerOf(TokenReading reading)
    {
        if (reading.Error is null)
        {
            return (reading.Caller, reading.ExpiresAt, null);
        }

        if (reading.Error != ErrorCode.TokenMissing)
        {
            throw new RequestRefusedException(reading.Error);
        }

        var made = sessions.Create();
        return (made.Caller, made.ExpiresAt, made);
    }
}
