using System.Buffers;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Relay;

/// <summary>
/// Handshakes, frames and ends of sockets that another machine holds, each a request. What a frame is answered is posted
/// from here; answers of models come from the connection's courier. Nothing is posted before the handshake's own answer.
/// </summary>
public sealed class RelayEndpoint(
    IRelayRegistry registry, IRelayPost post, Handshake handshake, ClientActions actions, GatewayOptions options, TimeProvider time)
{
    internal void Map(IEndpointRouteBuilder routes, Func<HttpContext, RelayPeer?> peerOf)
    {
        // A client's own request is no word of that machine: there is nothing here for it.
        RelayPeer PeerOf(HttpContext context) => peerOf(context) ?? throw new RequestRefusedException(ErrorCode.NotFound);
        routes.MapPost("/relay/connect", context => ConnectAsync(context, PeerOf(context)));
        routes.MapPost("/relay/frames", context => TakeAsync(context, PeerOf(context)));
        routes.MapPost("/relay/disconnect", context => CloseAsync(context, PeerOf(context)));
    }

    private async Task ConnectAsync(HttpContext context, RelayPeer peer)
    {
        var reading = await handshake.ReadAsync(context);
        var connected = handshake.Greet(context, reading, out var caller);
        var noted = await registry.OpenAsync(
            new RelayedConnection
            {
                Id = peer.Id,
                Callback = peer.Callback,
                ConnectionId = connected.ConnectionId,
                Owner = caller.Owner,
                SessionId = caller.SessionId,
                MadeSession = connected.SessionToken is not null,
                ExpiresAt = connected.ExpiresAt,
                OpenedAt = time.GetUtcNow(),
                Language = context.Request.Headers.AcceptLanguage,
                TraceId = connected.TraceId!,
            },
            context.RequestAborted);
        if (!noted)
        {
            throw new RequestRefusedException(ErrorCode.RelayUnavailable);
        }
    }

    private async Task TakeAsync(HttpContext context, RelayPeer peer)
    {
        var (answered, connection) = await registry.FindAsync(peer.Id, context.RequestAborted);
        if (connection is null || connection.ExpiresAt <= time.GetUtcNow())
        {
            await RefuseAsync(peer, answered, context);
            return;
        }

        var client = new RelayClient(connection);
        if (await BodyAsync(context) is { } frame)
        {
            await actions.HandleAsync(client, frame);
        }
        else
        {
            actions.Refuse(client, ErrorCode.FrameTooLarge);
        }

        if (client.Asks is { } asks && !await registry.AskAsync(asks, context.RequestAborted))
        {
            // Nobody carries it any more: its client comes back, and asks again.
            await post.CutAsync(connection, context.RequestAborted);
            return;
        }

        var sink = new RelaySink(post, connection, time, context.RequestAborted);
        foreach (var said in client.Said)
        {
            await sink.SendAsync(said, Position.Start);
        }
    }

    private async Task CloseAsync(HttpContext context, RelayPeer peer) =>
        await registry.AskAsync(new RelayAsk(peer.Id, Closed: true), context.RequestAborted);

    /// <summary>Whose frame it is is not known: the client opens another socket, or is told that it may try again.</summary>
    private async Task RefuseAsync(RelayPeer peer, bool answered, HttpContext context)
    {
        var unknown = new RelayedConnection
        {
            Id = peer.Id,
            Callback = peer.Callback,
            ConnectionId = "",
            Owner = "",
            SessionId = "",
            ExpiresAt = default,
            OpenedAt = peer.OpenedAt,
            TraceId = Problems.TraceIdOf(context),
        };
        if (answered)
        {
            await post.CutAsync(unknown, context.RequestAborted);
            return;
        }

        var refused = new ErrorEvent { TraceId = unknown.TraceId, Timestamp = time.GetUtcNow(), Code = ErrorCode.RelayUnavailable, Final = true };
        await new RelaySink(post, unknown, time, context.RequestAborted).SendAsync(refused, Position.Start);
    }

    /// <summary>The frame; null where it is too long.</summary>
    private async ValueTask<ReadOnlySequence<byte>?> BodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        var buffer = new byte[4096];
        int read;
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            if (body.Length + read > options.MaxBodyBytes)
            {
                return null;
            }

            body.Write(buffer.AsSpan(0, read));
        }

        return new ReadOnlySequence<byte>(body.ToArray());
    }
}
