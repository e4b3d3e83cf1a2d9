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
    /// <summary>A courier takes a new connection in milliseconds, unless there is none.</summary>
    private static readonly TimeSpan CourierComes = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AskedAgain = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan ReplyTakes = TimeSpan.FromSeconds(3);

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
        var found = await FindCarriedAsync(peer.Id, context.RequestAborted);
        if (found.Connection is not { } connection || connection.ExpiresAt <= time.GetUtcNow())
        {
            await RefuseAsync(peer, found.Answered, context);
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

        await ReplyAsync(connection, client.Said, context);
    }

    /// <summary>A client may speak before its connection has a courier: what it causes is to be heard by that.</summary>
    private async ValueTask<RelayFinding> FindCarriedAsync(string id, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            var found = await registry.FindAsync(id, cancellation);
            if (found is { Connection: null } or { Carried: true } || time.GetElapsedTime(began) > CourierComes)
            {
                return found;
            }

            await Task.Delay(AskedAgain, time, cancellation);
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

        await ReplyAsync(unknown, [new ErrorEvent { TraceId = unknown.TraceId, Timestamp = time.GetUtcNow(), Code = ErrorCode.RelayUnavailable, Final = true }], context);
    }

    /// <summary>A function waits for nobody who does not read: what is not taken soon is not said.</summary>
    private async Task ReplyAsync(RelayedConnection connection, IReadOnlyList<ServerEvent> said, HttpContext context)
    {
        using var late = new CancellationTokenSource(ReplyTakes, time);
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(late.Token, context.RequestAborted);
        var sink = new RelaySink(post, connection, time, soon.Token);
        try
        {
            foreach (var one in said)
            {
                await sink.SendAsync(one, Position.Start);
            }
        }
        catch (Exception lost) when (lost is OperationCanceledException or IOException)
        {
            // Its client left, or does not read.
        }
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
