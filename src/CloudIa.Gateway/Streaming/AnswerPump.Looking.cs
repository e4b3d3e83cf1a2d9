using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>
/// This part: where words may be lost, the pump looks for itself at the answers that its client waits for: at what the
/// bus holds, and where that is nothing new, at the history.
/// </summary>
internal sealed partial class AnswerPump
{
    /// <summary>Answers that are looked for though nothing was heard of them yet: more than an owner can have in flight.</summary>
    private const int MostAwaited = 1000;

    private static readonly TimeSpan LooksWhileLossy = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LooksWhileAway = TimeSpan.FromSeconds(1);

    /// <summary>For how long words of an answer may still come whose end was found before them.</summary>
    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(10);

    private Dictionary<string, (int Attempt, long At)>? found;
    private long? lookedAt;

    /// <summary>Whether an accepted message is to be waited for before its answer begins: the word that it does may be lost.</summary>
    private bool WaitsFor(Accepted accepted) =>
        services.Bus.State != DeliveryState.Sure && !accepted.Status.IsEnd() && !IsLate(accepted.JobId, attempt: 0) && (answers?.Count ?? 0) < MostAwaited;

    /// <summary>Looks, where it is time to, and sees to it that the next look comes. True where an answer was found to have ended.</summary>
    private async ValueTask<bool> LookAsync()
    {
        var state = services.Bus.State;
        if (state == DeliveryState.Sure)
        {
            return false;
        }

        if (!Following)
        {
            feed.TakeLook();
            lookedAt = null;
            return false;
        }

        var told = feed.TakeLook();
        var every = state == DeliveryState.Away ? LooksWhileAway : LooksWhileLossy;
        var due = every - services.Time.GetElapsedTime(lookedAt ??= services.Time.GetTimestamp());
        var ended = false;
        if (told || due <= TimeSpan.Zero)
        {
            ended = await LookAsync(all: told || state == DeliveryState.Away);
            lookedAt = services.Time.GetTimestamp();
            due = every;
        }

        WakeForLook(due);
        return ended;
    }

    private async ValueTask<bool> LookAsync(bool all)
    {
        var ended = false;
        foreach (var (jobId, answer) in answers!.ToArray())
        {
            if (feed.Closed)
            {
                return ended;
            }

            if (answer.IsLookedAt() || all)
            {
                ended |= await LookAsync(jobId, answer);
            }
        }

        return ended;
    }

    private async ValueTask<bool> LookAsync(string jobId, Answer answer)
    {
        var held = answer.At;
        if (await SendGrowthAsync(jobId, answer) && answer.At != held)
        {
            answer.Heard();
            return false;
        }

        StoredEnd? stored;
        try
        {
            stored = await ReadEndAsync(jobId);
        }
        catch (HistoryUnavailableException)
        {
            // Another look is to come.
            return false;
        }

        if (stored is not null)
        {
            var ended = await SendEndAsync(jobId, stored, answer);
            if (ended)
            {
                KeepFound(jobId, stored.Attempt);
            }

            return ended;
        }

        if (answer.At.Attempt == 0)
        {
            // Accepted, and not recorded yet.
            return false;
        }

        answers?.Remove(jobId);
        await SendErrorAsync(jobId, ErrorCode.ConversationDeleted);
        return true;
    }

    private void KeepFound(string jobId, int attempt)
    {
        found ??= [];
        foreach (var (old, end) in found)
        {
            if (services.Time.GetElapsedTime(end.At) > Latest)
            {
                found.Remove(old);
            }
        }

        found[jobId] = (attempt, services.Time.GetTimestamp());
    }

    /// <summary>Whether a word comes after the client was told the end that it leads to, because that was found first.</summary>
    private bool IsLate(string? jobId, ServerEvent word) => word switch
    {
        MessageRestarted restarted => IsLate(jobId, restarted.Attempt),
        MessageStarted started => IsLate(jobId, started.Attempt),
        MessageCompleted completed => IsLate(jobId, completed.Attempt),
        MessageStopped stopped => IsLate(jobId, stopped.Attempt),
        ErrorEvent { Attempt: { } attempt } => IsLate(jobId, attempt),
        _ => false,
    };

    private bool IsLate(string? jobId, int attempt) =>
        jobId is not null && found is not null && found.TryGetValue(jobId, out var end)
        && attempt <= end.Attempt && services.Time.GetElapsedTime(end.At) <= Latest;

    private void WakeForLook(TimeSpan due)
    {
        looker ??= services.Time.CreateTimer(static feed => ((OwnerFeed)feed!).Wake(), feed, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        looker.Change(due > TimeSpan.Zero ? due : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
