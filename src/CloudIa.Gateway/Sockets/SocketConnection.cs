using System.Buffers;
using System.Net.WebSockets;
using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Sockets;

/// <summary>
/// One socket, and what its client may ask on it. Answers go into its feed, behind what is there already. There may be
/// ten thousand idle ones, so what lives as long as they do is kept small.
/// </summary>
internal sealed class SocketConnection(
    SocketServices services, HttpContext context, OwnerFeed feed, string sessionId, DateTimeOffset expiresAt, string traceId)
    : ClientConnection(services.Connections, context.Features.Get<IConnectionLifetimeFeature>(), feed, expiresAt), IClient
{
    private static readonly WebSocketAcceptContext KeptAliveByItsClient = new() { KeepAliveInterval = Timeout.InfiniteTimeSpan };

    private readonly string? language = context.Request.Headers.AcceptLanguage;
    private AnswerPump? pump;

    Caller IClient.Caller => new(Owner, sessionId);

    string IClient.TraceId => traceId;

    /// <summary>Opens the socket and speaks with the client until either side, or the registry, ends it.</summary>
    /// <param name="context">The handshake, counted already; <paramref name="context"/> and <paramref name="connected"/> are not kept.</param>
    /// <param name="connected">The first thing that is said, whatever happens meanwhile.</param>
    public async Task RunAsync(HttpContext context, Connected connected)
    {
        try
        {
            // Named before the client learns of it: what it posts at once finds its connection.
            using var registration = services.Pump.Bus.Register(connected.ConnectionId, new LiveConnection(Owner, sessionId, Anonymous: true));
            BoundSends(context);
            using var socket = await context.WebSockets.AcceptWebSocketAsync(KeptAliveByItsClient);
            var sink = new SocketSink(socket, this, language);
            var greeting = sink.SendAsync(connected, Position.Start, null);

            // Or it would live as long as the connection does.
            connected = null!;
            var receiving = ReceiveAsync(socket);
            try
            {
                await greeting;
                pump = new AnswerPump(services.Pump, Feed, sink, sessionId, traceId);
                await pump.RunAsync();
            }
            catch (Exception lost) when (IsLoss(lost))
            {
                // How the connection ended, the close says where it still can: maybe that a text was voided while it
                // waited for a client that did not read.
                End(Ending.SlowReader);
            }

            End(Ending.Left);
            await CloseAsync(socket);

            // Until the client has closed as well, or the registry loses its patience and cuts the connection.
            await receiving;
        }
        finally
        {
            services.Connections.Remove(this);
            Feed.Dispose();
        }
    }

    void IClient.Say(string? jobId, ServerEvent said) => Feed.Announce(jobId, said);

    // The pump looks the job up when its client has room for it.
    void IClient.Resume(ResumePoint point) => Feed.Resume(point.JobId, new Position(point.Attempt, point.Offset));

    void IClient.Extend(DateTimeOffset until) => Extend(until);

    protected override void Watch(int now)
    {
        var idle = services.Options.IdleSeconds;
        if (idle > 0 && now - ActiveAt > idle && pump?.Following != true)
        {
            End(Ending.Idle);
        }
    }

    protected override void Warn() => Feed.Announce(null, new SessionExpiring
    {
        SessionId = sessionId,
        TraceId = traceId,
        Timestamp = services.Time.GetUtcNow(),
        ExpiresAt = ExpiresAt,
    });

    private static bool IsLoss(Exception error) => error is OperationCanceledException or WebSocketException or IOException;

    private async Task CloseAsync(WebSocket socket)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
        {
            return;
        }

        var (code, reason) = Ending switch
        {
            Ending.GoingAway => (CloseCode.GoingAway, ErrorCode.ShuttingDown),
            Ending.SessionExpired => (CloseCode.SessionExpired, ErrorCode.TokenExpired),
            Ending.Idle => (CloseCode.Idle, "idle"),
            Ending.SlowReader => (CloseCode.SlowReader, "slow_reader"),
            _ => ((int)WebSocketCloseStatus.NormalClosure, ""),
        };
        try
        {
            await socket.CloseOutputAsync((WebSocketCloseStatus)code, reason, CancellationToken.None);
        }
        catch (Exception lost) when (IsLoss(lost))
        {
            // It was gone already.
        }
    }

    /// <summary>Reads frames until the client closes. A bad frame is answered with an error; the socket stays open.</summary>
    private async Task ReceiveAsync(WebSocket socket)
    {
        using var frames = new FrameReader(socket, services.Options.MaxBodyBytes);
        try
        {
            // The wait is this method's own: one state machine less for as long as nothing comes.
            while (await frames.ReadAsync(await frames.WaitAsync(CancellationToken.None), CancellationToken.None) is { Kind: not FrameKind.Close } frame)
            {
                Heard();
                switch (frame.Kind)
                {
                    case FrameKind.TooLarge:
                        services.Actions.Refuse(this, ErrorCode.FrameTooLarge);
                        break;
                    case FrameKind.Binary:
                        services.Actions.Refuse(this, ErrorCode.FrameNotText);
                        break;
                    default:
                        await services.Actions.HandleAsync(this, new ReadOnlySequence<byte>(frame.Text));
                        break;
                }
            }
        }
        catch (Exception lost) when (IsLoss(lost))
        {
            // The client left without a word, or was cut off.
        }
        finally
        {
            End(Ending.Left);
        }
    }
}

/// <summary>What every socket needs of the service.</summary>
public sealed record SocketServices(
    ClientActions Actions,
    ConnectionRegistry Connections,
    PumpServices Pump,
    GatewayOptions Options,
    TimeProvider Time);
