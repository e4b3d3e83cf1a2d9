using System.Net.WebSockets;
using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Sockets;

/// <summary>
/// One socket, and what its client may ask on it. Answers go into its feed, behind what is there already. There may be
/// ten thousand idle ones, so what lives as long as they do is kept small.
/// </summary>
internal sealed partial class SocketConnection(
    SocketServices services, HttpContext context, OwnerFeed feed, string sessionId, DateTimeOffset expiresAt, string traceId)
    : ClientConnection(services.Connections, context, feed, expiresAt)
{
    private readonly string? language = context.Request.Headers.AcceptLanguage;
    private AnswerPump? pump;

    private Caller Caller => new(Owner, sessionId);

    /// <summary>Speaks with the client until either side, or the registry, ends it.</summary>
    /// <param name="socket">The socket, just opened.</param>
    /// <param name="connected">The first thing that is said on it, whatever happens meanwhile.</param>
    public async Task RunAsync(WebSocket socket, Connected connected)
    {
        var sink = new SocketSink(socket, this, language);
        pump = new AnswerPump(services.Pump, Feed, sink, sessionId, traceId);
        var greeting = sink.SendAsync(connected, Position.Start, null);
        var receiving = ReceiveAsync(socket);
        try
        {
            await greeting;
            await pump.RunAsync();
        }
        catch (Exception lost) when (IsLoss(lost))
        {
            // How the connection ended, the close says where it still can.
        }

        End(Ending.Left);
        await CloseAsync(socket);

        // Until the client has closed as well, or the registry loses its patience and cuts the connection.
        await receiving;
    }

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
            while (await frames.ReadAsync(CancellationToken.None) is { Kind: not FrameKind.Close } frame)
            {
                Heard();
                switch (frame.Kind)
                {
                    case FrameKind.TooLarge:
                        Refuse(ErrorCode.FrameTooLarge);
                        break;
                    case FrameKind.Binary:
                        Refuse(ErrorCode.FrameNotText);
                        break;
                    default:
                        await HandleAsync(frame.Text);
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
    MessageIntake Intake,
    StopDesk Stops,
    SessionTokens Sessions,
    ConnectionRegistry Connections,
    PumpServices Pump,
    GatewayOptions Options,
    TimeProvider Time);
