using System.Buffers;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Http;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Sockets;

/// <summary>This part: what a client's frames ask for.</summary>
internal sealed partial class SocketConnection
{
    /// <summary>Answers that one resume may ask for: more than an owner can have in flight.</summary>
    private const int MaxResumed = 100;

    /// <summary>Longer than any id of ours, so that what waits for a slow client stays small whatever it names.</summary>
    private const int LongestId = Identifiers.MaxLength;

    /// <summary>What a client calls its message waits for slow clients as well; what it needs is a UUID.</summary>
    private const int LongestClientId = 255;

    private async Task HandleAsync(ReadOnlyMemory<byte> text)
    {
        try
        {
            var frame = Json.Parse(new ReadOnlySequence<byte>(text), ProtocolJson.Default.ClientFrame);
            await ActAsync(frame);
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

    private Task ActAsync(ClientFrame frame)
    {
        switch (frame.Action)
        {
            case "chat":
                return ChatAsync(frame);
            case "resume":
                Resume(frame.Jobs ?? []);
                return Task.CompletedTask;
            case "stop":
                return StopAsync(frame.JobId);
            case "ping":
                Feed.Announce(null, new Pong { SessionId = sessionId, TraceId = traceId, Timestamp = services.Time.GetUtcNow() });
                return Task.CompletedTask;
            case "refresh":
                Refresh(frame.Token);
                return Task.CompletedTask;
            default:
                throw new RequestRefusedException(ErrorCode.ActionUnknown);
        }
    }

    private async Task ChatAsync(ClientFrame frame)
    {
        if (frame.ClientId?.Length > LongestClientId)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, $"clientId: at most {LongestClientId} characters");
        }

        var admission = await services.Intake.AcceptAsync(
            Caller,
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
            CancellationToken.None);
        if (admission is Admission.Refused refused)
        {
            Refuse(refused.Code, refused.Details, frame.ClientId);
        }
    }

    private void Resume(IReadOnlyList<ResumePoint> points)
    {
        if (points.Count > MaxResumed)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, $"at most {MaxResumed} jobs");
        }

        foreach (var point in points)
        {
            if (point?.JobId is not { Length: <= LongestId })
            {
                throw new RequestRefusedException(ErrorCode.InvalidRequest, "jobs: each needs a jobId that the service gave");
            }

            // The pump looks the job up when its client has room for it.
            Feed.Resume(point.JobId, new Position(Math.Max(0, point.Attempt), Math.Max(0, point.Offset)));
        }
    }

    /// <summary>Carries on with a newer token of the same owner.</summary>
    private void Refresh(string? token)
    {
        var reading = token is null ? new TokenReading(default, default, ErrorCode.TokenMissing) : services.Sessions.Read(token);
        if ((reading.Error ?? (reading.Caller.Owner == Owner ? null : ErrorCode.TokenInvalid)) is { } error)
        {
            throw new RequestRefusedException(error);
        }

        Extend(reading.ExpiresAt);
        Feed.Announce(null, new SessionRefreshed
        {
            SessionId = sessionId,
            TraceId = traceId,
            Timestamp = services.Time.GetUtcNow(),
            ExpiresAt = ExpiresAt,
        });
    }

    private async Task StopAsync(string? jobId)
    {
        if (jobId is not { Length: <= LongestId })
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        var result = await services.Stops.StopAsync(new JobKey(Owner, jobId), CancellationToken.None);
        if (result is null)
        {
            Refuse(ErrorCode.NotFound, jobId: jobId);
        }
        else if (result is { EndedNow: false, Turn.End: not null })
        {
            Feed.Announce(result.Turn.JobId, TurnEvents.End(result.Turn, sessionId, traceId));
        }
    }

    private void Refuse(string code, string? details = null, string? clientId = null, string? jobId = null) =>
        Feed.Announce(jobId, new ErrorEvent
        {
            SessionId = sessionId,
            TraceId = traceId,
            Timestamp = services.Time.GetUtcNow(),
            JobId = jobId,
            ClientId = clientId,
            Code = code,
            Details = details,
            Final = true,
        });
}
