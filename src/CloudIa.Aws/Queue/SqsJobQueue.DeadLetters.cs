using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Queue;

/// <summary>The dead letters, and the net below them.</summary>
public sealed partial class SqsJobQueue
{
    /// <summary>Between two looks into the engine's own dead-letter queue.</summary>
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    private DateTimeOffset sweptAt;

    /// <summary>The letter first, then the message: who repeats it after a crash between the two finds that letter.</summary>
    public async Task<bool> DeadLetterAsync(JobLease lease, string reason, CancellationToken cancellation)
    {
        if (held.Find(lease.Receipt) is not { } message)
        {
            return false;
        }

        await WriteAsync(message, reason, cancellation);
        return await channel.DeleteAsync(message.Receipt, CancellationToken.None) && held.End(message.Receipt);
    }

    public Task<IReadOnlyList<DeadLetter>> ListDeadLettersAsync(string? afterId, int limit, CancellationToken cancellation) =>
        letters.ListAsync(afterId, limit, cancellation);

    public Task<DeadLetter?> FindDeadLetterAsync(string deadLetterId, CancellationToken cancellation) =>
        letters.FindAsync(deadLetterId, cancellation);

    public Task<bool> DiscardAsync(string deadLetterId, CancellationToken cancellation) => letters.DiscardAsync(deadLetterId, cancellation);

    public async Task<RedriveResult> RedriveAsync(string deadLetterId, CancellationToken cancellation)
    {
        if (await letters.FindAsync(deadLetterId, cancellation) is not { } letter)
        {
            return RedriveResult.NotFound;
        }

        if (letter.Job.Unreadable)
        {
            return RedriveResult.Unreadable;
        }

        var entry = SqsMessage.Format(letter.Job with { Redrives = letter.Job.Redrives + 1, RedrivenAt = time.GetUtcNow() });
        if (!await letters.ClaimAsync(letter.Id, cancellation))
        {
            return RedriveResult.NotFound;
        }

        // From here on to its end: a claim whose process dies is another's after a while, and sends the same message again.
        try
        {
            await channel.SendAsync(entry, CancellationToken.None);
        }
        catch (QueueUnavailableException)
        {
            await letters.DisclaimAsync(letter.Id);
            throw;
        }

        await letters.RemoveAsync(letter.Id);
        return RedriveResult.Redriven;
    }

    private Task WriteAsync(HeldMessage message, string reason, CancellationToken cancellation) =>
        letters.WriteAsync(
            message.Job,
            message.Message.Body ?? "",
            reason,
            message.Job.Unreadable ? message.Message.MessageId : SqsMessage.MarkOf(message.Job),
            cancellation);

    /// <summary>Empties the engine's own dead-letter queue now and then: one call a minute where it is empty.</summary>
    private async Task SweepIfDueAsync()
    {
        if (time.GetUtcNow() - sweptAt < SweepEvery)
        {
            return;
        }

        sweptAt = time.GetUtcNow();
        try
        {
            await SweepAsync(closing.Token);
        }
#pragma warning disable CA1031 // It is tried again; no work waits for it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogNotSwept(error);
        }
    }

    /// <summary>Ends what the engine gave up on, in the history first, and puts it to the dead letters.</summary>
    internal async Task SweepAsync(CancellationToken cancellation)
    {
        var buried = true;
        while (buried && await net.ReceiveAsync(MaxMessages, queueOptions.LeaseSeconds, waitSeconds: 0, cancellation) is { Count: > 0 } messages)
        {
            // One that cannot be buried holds up no other; where none can, nothing is to be had now.
            buried = false;
            foreach (var message in messages)
            {
                try
                {
                    await BuryAsync(new HeldMessage(message, SqsMessage.Read(message), default), cancellation);
                    buried = true;
                }
                catch (Exception error) when (error is HistoryUnavailableException or QueueUnavailableException)
                {
                    LogNotBuried(error, message.MessageId);
                }
            }
        }
    }

    private async Task BuryAsync(HeldMessage message, CancellationToken cancellation)
    {
        LogGivenUp(message.Job.JobId);
        var reason = SqsMessage.IsNobodys(message.Job) ? ErrorCode.MessageUnreadable : await EndAsync(message.Job, cancellation);
        if (reason is not null)
        {
            await WriteAsync(message, reason, cancellation);
        }

        await net.DeleteAsync(message.Receipt, CancellationToken.None);
    }

    /// <summary>Stores the failure of a job that no worker lived to store. What to say of it; null where it did not fail.</summary>
    private async Task<string?> EndAsync(JobMessage job, CancellationToken cancellation)
    {
        switch (await store.BeginAsync(job, cancellation))
        {
            case BeginResult.Started started:
                var failed = new TurnEnd
                {
                    Status = JobStatus.Failed,
                    Content = "",
                    EndedAt = time.GetUtcNow(),
                    ErrorCode = job.Unreadable ? ErrorCode.MessageUnreadable : ErrorCode.AttemptsExhausted,
                    ErrorDetails = "the queue delivered it too often in vain",
                };
                return await store.FinishAsync(job.Key, started.Attempt, failed, cancellation) ? failed.ErrorCode : null;
            case BeginResult.StopAsked asked:
                await store.FinishAsync(job.Key, asked.Attempt, TurnEnd.Stopped("", time.GetUtcNow()), cancellation);
                return null;
            case BeginResult.Finished { Turn.End: { Status: JobStatus.Failed, ErrorCode: { } code } }:
                return code;
            default:
                return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The queue's engine gave up on job {JobId}, which was received too often.")]
    private partial void LogGivenUp(string jobId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The engine's dead-letter queue was not emptied; trying again in a minute.")]
    private partial void LogNotSwept(Exception error);
}
