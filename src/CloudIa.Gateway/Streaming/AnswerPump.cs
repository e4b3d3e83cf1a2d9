using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>
/// Step 7 on the client's side: brings one feed to one connection. It knows where its client stands in every
/// running answer and reads from there, so that a live client, a slow one and one that comes back are the same
/// case. The first delta of an answer goes at once; later ones gather what grew meanwhile.
/// </summary>
internal sealed class AnswerPump(IDeliveryBus bus, OwnerFeed feed, IEventSink sink, TimeSpan coalesce, TimeProvider time) : IDisposable
{
    private readonly Dictionary<string, Answer> answers = [];
    private ITimer? timer;

    public void Dispose() => timer?.Dispose();

    /// <summary>Runs until the connection ends, the feed is overrun, or the one job of a feed has ended.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!feed.Overrun)
        {
            while (feed.TryTake(out var item))
            {
                await HandleAsync(item, cancellation);
                if (feed.OnlyJobId is not null && item.Announced is not null && IsEnd(item.Announced))
                {
                    return;
                }
            }

            await SendHeldAsync(cancellation);
            await feed.WaitAsync(cancellation);
        }
    }

    private async ValueTask HandleAsync(FeedItem item, CancellationToken cancellation)
    {
        switch (item)
        {
            case { From: { } from, JobId: { } jobId } when answers.GetValueOrDefault(jobId)?.Covers(from) == true:
                // The answer grew before the resume was read: this connection has the text from there on already.
                break;
            case { From: { } from, JobId: { } jobId }:
                answers[jobId] = new Answer { At = from, Began = from };
                await SendGrowthAsync(jobId, answers[jobId], cancellation);
                break;
            case { Announced: null, JobId: { } jobId }:
                await GrewAsync(jobId, cancellation);
                break;
            case { Announced: { } announced }:
                await AnnounceAsync(item.JobId, announced, cancellation);
                break;
        }
    }

    private async ValueTask AnnounceAsync(string? jobId, ServerEvent announced, CancellationToken cancellation)
    {
        var answer = jobId is null ? null : answers.GetValueOrDefault(jobId);
        switch (announced)
        {
            case MessageRestarted restarted when answer?.At.Attempt >= restarted.Attempt:
                // The text was read before the word came: the client knows already.
                return;
            case MessageRestarted restarted:
                answers[restarted.JobId] = answer = Anew(restarted.Attempt, answer);
                break;
            case MessageStarted started when !(answer?.At.Attempt >= started.Attempt):
                answers[started.JobId] = answer = Anew(started.Attempt, answer);
                break;
            case MessageCompleted completed:
                await SendRestAsync(completed, answer, completed.Attempt, completed.Content, cancellation);
                answer = new Answer { At = new Position(completed.Attempt, completed.Content.Length) };
                break;
            case MessageStopped stopped:
                await SendRestAsync(stopped, answer, stopped.Attempt, stopped.Content, cancellation);
                answer = new Answer { At = new Position(stopped.Attempt, stopped.Content.Length) };
                break;
        }

        if (IsEnd(announced))
        {
            answers.Remove(jobId!);
        }

        await sink.SendAsync(announced, answer?.At ?? Position.Start, cancellation);
    }

    /// <summary>What a live client lacks of a text that has just ended, so that its deltas are the whole text.</summary>
    private async ValueTask SendRestAsync(JobEvent end, Answer? answer, int attempt, string content, CancellationToken cancellation)
    {
        if (answer is not null && answer.At.Attempt == attempt && answer.At.Offset < content.Length)
        {
            var after = new Position(attempt, content.Length);
            await sink.SendAsync(Delta(end.JobId, end.ConversationId, end.SessionId, end.TraceId, answer.At, content[answer.At.Offset..]), after, cancellation);
        }
    }

    private async ValueTask GrewAsync(string jobId, CancellationToken cancellation)
    {
        if (!answers.TryGetValue(jobId, out var answer))
        {
            answers[jobId] = answer = new Answer();
        }

        if (answer.SentAt is { } sentAt && time.GetElapsedTime(sentAt) < coalesce)
        {
            answer.Held = true;
            return;
        }

        await SendGrowthAsync(jobId, answer, cancellation);
    }

    private async ValueTask SendHeldAsync(CancellationToken cancellation)
    {
        var wait = Timeout.InfiniteTimeSpan;
        foreach (var (jobId, answer) in answers)
        {
            if (!answer.Held)
            {
                continue;
            }

            var left = answer.SentAt is { } sentAt ? coalesce - time.GetElapsedTime(sentAt) : TimeSpan.Zero;
            if (left <= TimeSpan.Zero)
            {
                await SendGrowthAsync(jobId, answer, cancellation);
            }
            else if (wait == Timeout.InfiniteTimeSpan || left < wait)
            {
                wait = left;
            }
        }

        if (wait != Timeout.InfiniteTimeSpan)
        {
            timer ??= time.CreateTimer(static feed => ((OwnerFeed)feed!).Wake(), feed, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private async ValueTask SendGrowthAsync(string jobId, Answer answer, CancellationToken cancellation)
    {
        answer.Held = false;
        var slice = await bus.ReadAsync(new JobKey(feed.Owner, jobId), answer.At, cancellation);
        if (slice is null || slice.From.Attempt == 0)
        {
            return;
        }

        var job = slice.Job;
        var held = answer.At;
        answer.At = slice.From;
        if (held != slice.From)
        {
            answer.Began = slice.From;
        }

        if (held != Position.Start && held != slice.From)
        {
            await sink.SendAsync(
                new MessageRestarted
                {
                    JobId = jobId,
                    ConversationId = job.ConversationId,
                    SessionId = job.SessionId,
                    TraceId = job.TraceId,
                    Timestamp = time.GetUtcNow(),
                    Attempt = slice.From.Attempt,
                    Reason = held.Attempt < slice.From.Attempt ? "retry" : "position_unknown",
                },
                answer.At,
                cancellation);
        }

        if (slice.Text.Length > 0)
        {
            answer.At = slice.End;
            answer.SentAt = time.GetTimestamp();
            await sink.SendAsync(Delta(jobId, job.ConversationId, job.SessionId, job.TraceId, slice.From, slice.Text), slice.End, cancellation);
        }
    }

    private MessageDelta Delta(string jobId, string conversationId, string? sessionId, string? traceId, Position from, string text) => new()
    {
        JobId = jobId,
        ConversationId = conversationId,
        SessionId = sessionId,
        TraceId = traceId,
        Timestamp = time.GetUtcNow(),
        Attempt = from.Attempt,
        Offset = from.Offset,
        Delta = text,
    };

    /// <summary>The beginning of an attempt. A word of growth that was held back may have meant this attempt's text already.</summary>
    private static Answer Anew(int attempt, Answer? before) =>
        new() { At = new Position(attempt, 0), Began = new Position(attempt, 0), Held = before is { Held: true } };

    private static bool IsEnd(ServerEvent announced) =>
        announced is MessageCompleted or MessageStopped or ErrorEvent { Final: true, JobId: not null };

    /// <summary>Where the client stands in one answer.</summary>
    private sealed class Answer
    {
        public Position At { get; set; }

        /// <summary>Where the text began that this connection was sent of the attempt without a gap.</summary>
        public Position Began { get; set; }

        /// <summary>Whether a client that held the text up to a place has been sent all that follows it.</summary>
        public bool Covers(Position held) => At.Attempt > 0 && Began.Attempt == At.Attempt
            && (held == Position.Start ? Began.Offset == 0 : held.Attempt == At.Attempt && Began.Offset <= held.Offset && held.Offset <= At.Offset);

        /// <summary>When the last delta went, as a timestamp; null before the first.</summary>
        public long? SentAt { get; set; }

        /// <summary>Whether text waits for the next delta's time.</summary>
        public bool Held { get; set; }
    }
}
