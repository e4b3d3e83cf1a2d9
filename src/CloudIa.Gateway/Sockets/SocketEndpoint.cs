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
public sealed class SocketEndpoint(SocketServices services, Handshake handshake)
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

        var reading = handshake.ReadAsync(context);
#pragma warning disable VSTHRD103 // It is there.
        return reading.IsCompletedSuccessfully ? OpenAsync(context, reading.Result) : OpenReadAsync(context, reading.AsTask());
#pragma warning restore VSTHRD103
    }

    private async Task OpenReadAsync(HttpContext context, Task<TokenReading> reading) => await OpenAsync(context, await reading);

    private Task OpenAsync(HttpContext context, TokenReading reading)
    {
        var connected = handshake.Greet(context, reading, out var caller);

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
}
