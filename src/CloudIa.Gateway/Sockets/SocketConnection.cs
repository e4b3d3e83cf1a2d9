using System.Buffers;
using System.Net.WebSockets;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Http;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Sockets;

/// <summary>What a client may ask on its socket. Answers go into its feed, behind what is there already.</summary>
internal sealed class SocketConnection(
    SocketServices services,
    WebSocket socket,
    Caller caller,
    OwnerFeed feed,
    string traceId)
{
    /// <summary>Answers that one resume may ask for: more than an owner can have in flight.</summary>
    private const int MaxResumed = 100;

    /// <summary>Reads frames until the client closes. A bad frame is answered with an error; the socket stays open.</summary>
    public async Task ReceiveAsync(CancellationToken cancellation)
    {
        using var frames = new FrameReader(socket, services.Options.MaxBodyBytes);
        while (true)
        {
            var frame = await frames.ReadAsync(cancellation);
            switch (frame.Kind)
            {
                case FrameKind.Close:
                    return;
                case FrameKind.TooLarge:
                    Refuse(ErrorCode.FrameTooLarge);
                    break;
                case FrameKind.Binary:
                    Refuse(ErrorCode.FrameNotText);
                    break;
                default:
                    await HandleAsync(frame.Text, cancellation);
                    break;
            }
        }
    }

    private async Task HandleAsync(ReadOnlyMemory<byte> text, CancellationToken cancellation)
    {
        try
        {
            var frame = Json.Parse(new ReadOnlySequence<byte>(text), ProtocolJson.Default.ClientFrame);
            await ActAsync(frame, cancellation);
        }
        catch (RequestRefusedException refused)
        {
            Refuse(refused.Code, refused.Details);
        }
        catch (QueueUnavailableException error)
        {
            Refuse(error.Full ? ErrorCode.StorageFull : ErrorCode.QueueUnavailable);
        }
        catch (HistoryUnavailableException)
        {
            Refuse(ErrorCode.HistoryUnavailable);
        }
    }

    private Task ActAsync(ClientFrame frame, CancellationToken cancellation)
    {
        switch (frame.Action)
        {
            case "chat":
                return ChatAsync(frame, cancellation);
            case "resume":
                return ResumeAsync(frame.Jobs ?? [], cancellation);
            case "stop":
                return StopAsync(frame.JobId, cancellation);
            case "ping":
                feed.Announce(null, new Pong { SessionId = caller.SessionId, TraceId = traceId, Timestamp = services.Time.GetUtcNow() });
                return Task.CompletedTask;
            case "refresh":
                throw new RequestRefusedException(ErrorCode.ActionUnknown, "refresh is not served by this version");
            default:
                throw new RequestRefusedException(ErrorCode.ActionUnknown);
        }
    }

    private async Task ChatAsync(ClientFrame frame, CancellationToken cancellation)
    {
        var admission = await services.Intake.AcceptAsync(
            caller,
            new PostedMessage
            {
                Message = frame.Message,
                ConversationId = frame.ConversationId,
                Model = frame.Model,
                WhenBusy = frame.WhenBusy,
                SystemPrompt = frame.SystemPrompt,
                IdempotencyKey = frame.IdempotencyKey,
                ClientId = frame.ClientId,
                TraceId = traceId,
            },
            cancellation);
        if (admission is Admission.Refused refused)
        {
            Refuse(refused.Code, refused.Details, frame.ClientId);
        }
    }

    private async Task ResumeAsync(IReadOnlyList<ResumePoint> points, CancellationToken cancellation)
    {
        if (points.Count > MaxResumed)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, $"at most {MaxResumed} jobs");
        }

        foreach (var point in points)
        {
            if (point?.JobId is null)
            {
                throw new RequestRefusedException(ErrorCode.InvalidRequest, "jobs: each needs a jobId");
            }

            var job = new JobKey(caller.Owner, point.JobId);
            var turn = await services.Store.FindAsync(job, cancellation);
            if (turn is null)
            {
                Refuse(ErrorCode.NotFound, jobId: point.JobId);
            }
            else if (turn.End is null)
            {
                feed.Resume(point.JobId, new Position(Math.Max(0, point.Attempt), Math.Max(0, point.Offset)));
            }
            else
            {
                feed.Announce(point.JobId, TurnEvents.End(turn, caller.SessionId, traceId));
            }
        }
    }

    private async Task StopAsync(string? jobId, CancellationToken cancellation)
    {
        var result = jobId is null ? null : await services.Stops.StopAsync(new JobKey(caller.Owner, jobId), cancellation);
        if (result is null)
        {
            Refuse(ErrorCode.NotFound, jobId: jobId);
        }
        else if (result is { EndedNow: false, Turn.End: not null })
        {
            feed.Announce(result.Turn.JobId, TurnEvents.End(result.Turn, caller.SessionId, traceId));
        }
    }

    private void Refuse(string code, string? details = null, string? clientId = null, string? jobId = null) =>
        feed.Announce(jobId, new ErrorEvent
        {
            SessionId = caller.SessionId,
            TraceId = traceId,
            Timestamp = services.Time.GetUtcNow(),
            JobId = jobId,
            ClientId = clientId,
            Code = code,
            Details = details,
            Retryable = ErrorText.Of(code).Retryable,
            Final = true,
        });
}

/// <summary>What every connection needs of the service.</summary>
public sealed record SocketServices(
    MessageIntake Intake,
    StopDesk Stops,
    IConversationStore Store,
    IDeliveryBus Bus,
    GatewayOptions Options,
    TimeProvider Time);
