using System.Net.WebSockets;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace CloudIa.Gateway.Sockets;

/// <summary>Opens sockets at /ws, and at / for clients of the first version.</summary>
public sealed class SocketEndpoint(
    SocketServices services,
    Authentication authentication,
    SessionTokens sessions,
    Tickets tickets,
    IHostApplicationLifetime lifetime)
{
    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet("/ws", OpenAsync);

    /// <summary>Takes a handshake at /; everything else there is the web app's.</summary>
    internal Task OpenAtRootAsync(HttpContext context, RequestDelegate next) =>
        context.WebSockets.IsWebSocketRequest && context.Request.Path == "/" ? OpenAsync(context) : next(context);

    private async Task OpenAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, "a WebSocket handshake is expected here");
        }

        var connected = Greet(context, out var caller);
        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = Timeout.InfiniteTimeSpan });
        await RunAsync(socket, caller, connected, context.Request.Headers.AcceptLanguage);
    }

    // What lives as long as the connection is kept small: there may be ten thousand idle ones.
    private async Task RunAsync(WebSocket socket, Caller caller, Connected connected, string? language)
    {
        // Followed and named before the client learns of it, so that nothing it causes is missed.
        using var feed = services.Bus.Follow(caller.Owner);
        using var registration = services.Bus.Register(connected.ConnectionId, new LiveConnection(caller.Owner, caller.SessionId, Anonymous: true));
        feed.Announce(null, connected);

        // The application's stop only: a client that vanishes makes the receive fail.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        using var pump = new AnswerPump(services.Bus, feed, new SocketSink(socket, language), TimeSpan.FromMilliseconds(services.Options.CoalesceMilliseconds), services.Time);
        var sending = pump.RunAsync(ending.Token);
        var receiving = new SocketConnection(services, socket, caller, feed, connected.TraceId!).ReceiveAsync(ending.Token);
        await Task.WhenAny(sending, receiving);
        await CloseAsync(socket, feed);
        await ending.CancelAsync();
        await Task.WhenAll(UntilClosedAsync(sending), UntilClosedAsync(receiving));
    }

    private Connected Greet(HttpContext context, out Caller caller)
    {
        (caller, var expiresAt, var made) = CallerOf(context);
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

    /// <summary>One side of the connection has ended; how, the close said.</summary>
    private static async Task UntilClosedAsync(Task side)
    {
        try
        {
            await side;
        }
        catch (Exception error) when (error is OperationCanceledException or WebSocketException or IOException)
        {
            // The client left, or this process is leaving.
        }
    }

    private async Task CloseAsync(WebSocket socket, OwnerFeed feed)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }

        var (status, reason) = feed.Overrun
            ? (WebSocketCloseStatus.PolicyViolation, "slow_reader")
            : lifetime.ApplicationStopping.IsCancellationRequested
                ? (WebSocketCloseStatus.EndpointUnavailable, ErrorCode.ShuttingDown)
                : (WebSocketCloseStatus.NormalClosure, "");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), services.Time);
        try
        {
            await socket.CloseOutputAsync(status, reason, patience.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or WebSocketException or IOException)
        {
            // It was gone already.
        }
    }

    private (Caller Caller, DateTimeOffset ExpiresAt, NewSession? Made) CallerOf(HttpContext context)
    {
        if (!authentication.OriginAllowed(context.Request))
        {
            throw new RequestRefusedException(ErrorCode.OriginForbidden);
        }

        var reading = context.Request.Query["ticket"] is [{ Length: > 0 } ticket] ? tickets.Take(ticket) : authentication.Identify(context);
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
