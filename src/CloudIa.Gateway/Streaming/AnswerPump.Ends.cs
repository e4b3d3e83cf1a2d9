using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>This part: ends of answers. Their texts are whole, and may be long.</summary>
internal sealed partial class AnswerPump
{
    /// <summary>Sends the stored end of a job, or that there is none any more; false where the job goes on.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="resumed">Whether the client asked for it by name; else the job is known to have ended.</param>
    private async ValueTask<bool> SendEndAsync(string jobId, bool resumed)
    {
        StoredEnd? stored;
        try
        {
            stored = await ReadEndAsync(jobId);
        }
        catch (HistoryUnavailableException) when (feed.OnlyJobId is not null)
        {
            // Closed without its end, so that the client comes back for it.
            feed.Close();
            return false;
        }
        catch (HistoryUnavailableException)
        {
            // About no job: the job itself is well, and its client asks again.
            await SendErrorAsync(null, ErrorCode.HistoryUnavailable);
            return false;
        }

        if (stored is null)
        {
            // What had ended and is gone was deleted before its client had it; what was only named may never have been.
            answers?.Remove(jobId);
            await SendErrorAsync(jobId, resumed ? ErrorCode.NotFound : ErrorCode.ConversationDeleted);
            return true;
        }

        if (!resumed && IsLate(jobId, stored.Attempt))
        {
            return true;
        }

        // Who comes back for an answer that has ended is sent its text once, in the end.
        return await SendEndAsync(jobId, stored, resumed ? null : Find(jobId));
    }

    /// <summary>Sends an end that the history has, if it has one.</summary>
    private async ValueTask<bool> SendEndAsync(string jobId, StoredEnd stored, Answer? answer)
    {
        if (stored.End is JobEvent end)
        {
            await SendEndAsync(end, stored.Attempt, stored.Text!, answer);
        }
        else if (stored.End is not null)
        {
            answers?.Remove(jobId);
            await sink.SendAsync(stored.End, Position.Start);
        }

        return stored.End is not null;
    }

    /// <summary>Sends an end that was announced with its text.</summary>
    private ValueTask SendEndAsync(JobEvent end, Answer? answer) => end switch
    {
        MessageCompleted completed => SendEndAsync(completed with { Content = "" }, completed.Attempt, new SentText(completed.Content ?? ""), answer),
        MessageStopped stopped => SendEndAsync(stopped with { Content = "" }, stopped.Attempt, new SentText(stopped.Content ?? ""), answer),
        _ => ValueTask.CompletedTask,
    };

    /// <summary>What a live client lacks of the text first, so that its deltas are the whole text; then the end.</summary>
    private async ValueTask SendEndAsync(JobEvent end, int attempt, SentText text, Answer? answer)
    {
        answers?.Remove(end.JobId);
        while (answer is not null && answer.At.Attempt == attempt && answer.At.Offset < text.Length)
        {
            await text.HoldAsync();
            var piece = text.Piece(answer.At.Offset, LongestDelta);
            text.LetGo();
            if (char.IsLowSurrogate(piece[0]))
            {
                // The place that the client named lies within a character, and was not known to when it was named.
                break;
            }

            var place = answer.At;
            answer.At = place with { Offset = place.Offset + piece.Length };
            var part = text.Part(place.Offset, piece);
            await sink.SendAsync(Delta(end.JobId, end.ConversationId, end.SessionId, end.TraceId, place, ""), answer.At, part);
        }

        await text.HoldAsync();
        await sink.SendAsync(end, new Position(attempt, text.Length), text);
    }

    // A method of its own, so that the turn with its text is not kept while the text is on its way.
    private async Task<StoredEnd?> ReadEndAsync(string jobId)
    {
        var job = new JobKey(feed.Owner, jobId);
        if (await services.Find(job, CancellationToken.None) is not { } turn)
        {
            return null;
        }

        return turn.End is null ? new StoredEnd(null, 0, null) : TurnEvents.End(turn, sessionId, traceId) switch
        {
            MessageCompleted completed => new StoredEnd(completed with { Content = "" }, completed.Attempt, Text(job, completed.Content ?? "")),
            MessageStopped stopped => new StoredEnd(stopped with { Content = "" }, stopped.Attempt, Text(job, stopped.Content ?? "")),
            var failed => new StoredEnd(failed, turn.Attempt, null),
        };
    }

    private SentText Text(JobKey job, string content) =>
        new(content, async () => (await FindAgainAsync(job))?.End?.Content);

    /// <summary>For a text that was let go. Where the history cannot be read it is gone, and its client comes back for it.</summary>
    private async Task<Turn?> FindAgainAsync(JobKey job)
    {
        try
        {
            return await services.Find(job, CancellationToken.None);
        }
        catch (HistoryUnavailableException)
        {
            return null;
        }
    }

    private ValueTask SendErrorAsync(string? jobId, string code) => sink.SendAsync(
        new ErrorEvent
        {
            SessionId = sessionId,
            TraceId = traceId,
            Timestamp = services.Time.GetUtcNow(),
            JobId = jobId,
            Code = code,
            Final = true,
        },
        Position.Start);

    /// <summary>The end of a job as the history has it, its text apart; without an end where the job has none yet.</summary>
    private sealed record StoredEnd(ServerEvent? End, int Attempt, SentText? Text);
}
