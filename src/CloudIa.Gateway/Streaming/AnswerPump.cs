using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>
/// Step 7 on the client's side: brings one feed to one connection. It knows where its client stands in every
/// running answer and reads from there, so that a live client, a slow one and one that comes back are the same
/// case. The first delta of an answer goes at once; later ones gather what grew meanwhile, longer once it streams steadily.
/// </summary>
/// <param name="services">Where texts are read.</param>
/// <param name="feed">What happens to the owner. Closing it ends the pump.</param>
/// <param name="sink">The client.</param>
/// <param name="sessionId">Named by what only this client is told.</param>
/// <param name="traceId">The connection's; likewise.</param>
internal sealed partial class AnswerPump(PumpServices services, OwnerFeed feed, IEventSink sink, string? sessionId, string? traceId)
{
    /// <summary>
    /// Characters in one delta at most: all but the longest answers are caught up with in one. A client that lags
    /// further behind is sent several: what it has read of them is its own, should it be cut before it has all. As a
    /// string it is 64 KiB, below what the runtime keeps apart as a large object.
    /// </summary>
    public const int LongestDelta = 32_768;

    private Dictionary<string, Answer>? answers;
    private ITimer? timer;
    private ITimer? looker;

    /// <summary>Whether an answer that this client hears of has not ended. May be asked on any thread.</summary>
    public bool Following => answers is { Count: > 0 };

    /// <summary>Runs until the feed is closed or overrun, the one job of a feed has ended, or the sink throws.</summary>
    /// <param name="first">What comes before all that the feed has heard.</param>
    public async Task RunAsync(FeedItem? first = null)
    {
        try
        {
            if (first is not null && await HandleAsync(first) && feed.OnlyJobId is not null)
            {
                return;
            }

            while (!feed.Closed)
            {
                while (!feed.Closed && feed.TryTake(out var item))
                {
                    if (await HandleAsync(item) && feed.OnlyJobId is not null)
                    {
                        return;
                    }
                }

                await SendHeldAsync();
                if (await LookAsync() && feed.OnlyJobId is not null)
                {
                    return;
                }

                await feed.WaitAsync();
            }
        }
        finally
        {
            timer?.Dispose();
            looker?.Dispose();
        }
    }

    /// <summary>True where an answer has ended by it.</summary>
    private async ValueTask<bool> HandleAsync(FeedItem item)
    {
        switch (item)
        {
            case { Announced: { } announced }:
                if (!IsLate(item.JobId, announced))
                {
                    await AnnounceAsync(item.JobId, announced);
                }

                return IsEnd(announced);
            case { Ended: true, JobId: { } jobId }:
                return await SendEndAsync(jobId, resumed: false);
            case { From: { } from, JobId: { } jobId } when Find(jobId)?.Covers(from) == true:
                // The answer grew before the resume was read: this connection has the text from there on already.
                return false;
            case { From: { } from, JobId: { } jobId }:
                return !await SendGrowthAsync(jobId, Put(jobId, new Answer { At = from, Began = from, Claimed = true })) && await SendEndAsync(jobId, resumed: true);
            case { JobId: { } jobId } when Find(jobId) is null && IsLate(jobId, attempt: 0):
                return false;
            case { JobId: { } jobId }:
                await GrewAsync(jobId);
                return false;
            default:
                await sink.BeatAsync();
                return false;
        }
    }

    private async ValueTask AnnounceAsync(string? jobId, ServerEvent announced)
    {
        var answer = jobId is null ? null : Find(jobId);
        answer?.Heard();
        switch (announced)
        {
            case Accepted accepted when answer is null && WaitsFor(accepted):
                Put(accepted.JobId, new Answer());
                break;
            case MessageRestarted restarted when answer?.At.Attempt >= restarted.Attempt:
                // The text was read before the word came: the client knows already.
                return;
            case MessageRestarted restarted:
                answer = Put(restarted.JobId, Anew(restarted.Attempt, answer));
                break;
            case MessageStarted started when !(answer?.At.Attempt >= started.Attempt):
                answer = Put(started.JobId, Anew(started.Attempt, answer));
                break;
            case MessageCompleted or MessageStopped:
                await SendEndAsync((JobEvent)announced, answer);
                return;
        }

        if (IsEnd(announced))
        {
            answers?.Remove(jobId!);
        }

        await sink.SendAsync(announced, answer?.At ?? Position.Start);
    }

    private async ValueTask GrewAsync(string jobId)
    {
        var answer = Find(jobId) ?? Put(jobId, new Answer());
        answer.Heard();
        if (answer.Left(services) > TimeSpan.Zero)
        {
            answer.Held = true;
            return;
        }

        await SendGrowthAsync(jobId, answer);
    }

    private async ValueTask SendHeldAsync()
    {
        if (answers is null)
        {
            return;
        }

        var wait = Timeout.InfiniteTimeSpan;
        foreach (var (jobId, answer) in answers)
        {
            if (!answer.Held)
            {
                continue;
            }

            var left = answer.Left(services);
            if (left <= TimeSpan.Zero)
            {
                await SendGrowthAsync(jobId, answer);
            }
            else if (wait == Timeout.InfiniteTimeSpan || left < wait)
            {
                wait = left;
            }
        }

        if (wait != Timeout.InfiniteTimeSpan)
        {
            timer ??= services.Time.CreateTimer(static feed => ((OwnerFeed)feed!).Wake(), feed, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private MessageDelta Delta(string jobId, string conversationId, string? sessionId, string? traceId, Position from, string text) => new()
    {
        JobId = jobId,
        ConversationId = conversationId,
        SessionId = sessionId,
        TraceId = traceId,
        Timestamp = services.Time.GetUtcNow(),
        Attempt = from.Attempt,
        Offset = from.Offset,
        Delta = text,
    };

    /// <summary>The beginning of an attempt. A word of growth that was held back may have meant this attempt's text already.</summary>
    private static Answer Anew(int attempt, Answer? before) =>
        new() { At = new Position(attempt, 0), Began = new Position(attempt, 0), Held = before is { Held: true } };

    private Answer? Find(string jobId) => answers?.GetValueOrDefault(jobId);

    private Answer Put(string jobId, Answer answer) => (answers ??= [])[jobId] = answer;

    private static bool IsEnd(ServerEvent announced) =>
        announced is MessageCompleted or MessageStopped or ErrorEvent { Final: true, JobId: not null };
}
