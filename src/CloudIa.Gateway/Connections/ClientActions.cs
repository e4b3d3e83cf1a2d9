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

namespace CloudIa.Gateway.Connections;

/// <summary>What a client's frames ask for, however they come.</summary>
public sealed class ClientActions(MessageIntake intake, StopDesk stops, SessionTokens sessions, TimeProvider time)
{
    /// <summary>Answers that one resume may ask for: more than an owner can have in flight.</summary>
    private const int MaxResumed = 100;

    /// <summary>Longer than any id of ours, so that what waits for a slow client stays small whatever it names.</summary>
    private const int LongestId = Identifiers.MaxLength;

    /// <summary>What a client calls its message waits for slow clients as well; what it needs is a UUID.</summary>
    private const int LongestClientId = 255;

    /// <summary>Does what a frame asks for. A bad frame, and an engine that is away, are said to the client.</summary>
    internal async Task HandleAsync(IClient client, ReadOnlySequence<byte> text)
    {
        try
        {
            await ActAsync(client, Json.Parse(text, ProtocolJson.Default.ClientFrame));
        }
        catch (RequestRefusedException refused)
        {
            Refuse(client, refused.Code, refused.Details);
        }
        catch (QueueUnavailableException error)
        {
            Refuse(client, error.Full ? ErrorCode.StorageFull : ErrorCode.QueueUnavailable);
        }
        catch (HistoryUnavailableException)
        {
            Refuse(client, ErrorCode.HistoryUnavailable);
        }
    }

    /// <summary>Says that something cannot be done.</summary>
    internal void Refuse(IClient client, string code, string? details = null, string? clientId = null, string? jobId = null) =>
        client.Say(jobId, new ErrorEvent
        {
            SessionId = client.Caller.SessionId,
            TraceId = client.TraceId,
            Timestamp = time.GetUtcNow(),
            JobId = jobId,
            ClientId = clientId,
            Code = code,
            Details = details,
            Final = true,
        });

    private Task ActAsync(IClient client, ClientFrame frame)
    {
        switch (frame.Action)
        {
            case "chat":
                return ChatAsync(client, frame);
            case "resume":
                Resume(client, frame.Jobs ?? []);
                return Task.CompletedTask;
            case "stop":
                return StopAsync(client, frame.JobId);
            case "ping":
                client.Say(null, new Pong { SessionId = client.Caller.SessionId, TraceId = client.TraceId, Timestamp = time.GetUtcNow() });
                return Task.CompletedTask;
            case "refresh":
                Refresh(client, frame.Token);
                return Task.CompletedTask;
            default:
                throw new RequestRefusedException(ErrorCode.ActionUnknown);
        }
    }

    private async Task ChatAsync(IClient client, ClientFrame frame)
    {
        if (frame.ClientId?.Length > LongestClientId)
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, $"clientId: at most {LongestClientId} characters");
        }

        var admission = await intake.AcceptAsync(
            client.Caller,
            new PostedMessage
            {
                Message = frame.Message,
                ConversationId = frame.ConversationId,
                Model = frame.Model,
                WhenBusy = frame.WhenBusy,
                SystemPrompt = frame.SystemPrompt,
                IdempotencyKey = frame.IdempotencyKey,
                ClientId = frame.ClientId,
                TraceId = client.TraceId,
            },
            CancellationToken.None);
        if (admission is Admission.Refused refused)
        {
            Refuse(client, refused.Code, refused.Details, frame.ClientId);
        }
    }

    private static void Resume(IClient client, IReadOnlyList<ResumePoint> points)
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

            client.Resume(point with { Attempt = Math.Max(0, point.Attempt), Offset = Math.Max(0, point.Offset) });
        }
    }

    /// <summary>Carries on with a newer token of the same owner.</summary>
    private void Refresh(IClient client, string? token)
    {
        var reading = token is null ? new TokenReading(default, default, ErrorCode.TokenMissing) : sessions.Read(token);
        if ((reading.Error ?? (reading.Caller.Owner == client.Caller.Owner ? null : ErrorCode.TokenInvalid)) is { } error)
        {
            throw new RequestRefusedException(error);
        }

        client.Extend(reading.ExpiresAt);
        client.Say(null, new SessionRefreshed
        {
            SessionId = client.Caller.SessionId,
            TraceId = client.TraceId,
            Timestamp = time.GetUtcNow(),
            ExpiresAt = reading.ExpiresAt,
        });
    }

    private async Task StopAsync(IClient client, string? jobId)
    {
        if (jobId is not { Length: <= LongestId })
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        var result = await stops.StopAsync(new JobKey(client.Caller.Owner, jobId), CancellationToken.None);
        if (result is null)
        {
            Refuse(client, ErrorCode.NotFound, jobId: jobId);
        }
        else if (result is { EndedNow: false, Turn.End: not null })
        {
            client.Say(result.Turn.JobId, TurnEvents.End(result.Turn, client.Caller.SessionId, client.TraceId));
        }
    }
}
