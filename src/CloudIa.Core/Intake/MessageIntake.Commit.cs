using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging;

namespace CloudIa.Core.Intake;

/// <summary>Step 2: the commit, what was there before it, and the pending turn beside it.</summary>
public sealed partial class MessageIntake
{
    private async Task<Admission> CommitAsync(JobMessage job, PostedMessage posted, Place place, CancellationToken cancellation)
    {
        // A conversation that begins with this message is idle.
        var ifIdle = posted is { WhenBusy: WhenBusy.Reject, ConversationId: not null };
        var (result, refusal) = await EnqueueAsync(job, ifIdle ? EnqueueCondition.ConversationIdle : EnqueueCondition.None, place, again: false, cancellation);
        if (refusal is not null)
        {
            return refusal;
        }

        // Another post of the key may have been faster, and even have ended since the first look.
        if (posted.IdempotencyKey is not null && await FindAsync(job, CancellationToken.None) is { } holder)
        {
            return ByKey(job, holder);
        }

        return result == EnqueueResult.Busy
            ? new Admission.Refused(ErrorCode.ConversationBusy)
            : new Admission.Accepted(job.Key, job.ConversationId, JobStatus.Queued, job.AcceptedAt);
    }

    /// <summary>
    /// Commits a job and shows it to readers: at the same time, unless a condition may refuse it. Once begun, both are
    /// done to their end. What an earlier post of the key has shown stays, whatever becomes of this one.
    /// </summary>
    private async Task<(EnqueueResult Result, Admission.Refused? Refusal)> EnqueueAsync(
        JobMessage job, EnqueueCondition condition, Place place, bool again, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var commit = queue.EnqueueAsync(job, condition, CancellationToken.None);
        var pending = condition == EnqueueCondition.None ? RecordPendingAsync(job) : null;
        try
        {
            var result = await commit;
            place.Kept = result == EnqueueResult.Added;
            await (pending ?? (result == EnqueueResult.Added ? RecordPendingAsync(job) : Task.CompletedTask));
            return (result, null);
        }
        catch (QueueUnavailableException error)
        {
            LogNotCommitted(error, job.JobId);
            if (pending is not null)
            {
                // One that failed may have been written all the same.
                await pending;
                if (!again)
                {
                    await WithdrawAsync(job);
                }
            }

            return (default, new Admission.Refused(error.Full ? ErrorCode.StorageFull : ErrorCode.QueueUnavailable));
        }
    }

    private async Task<Turn?> FindAsync(JobMessage job, CancellationToken cancellation)
    {
        try
        {
            return await store.FindAsync(job.Key, cancellation);
        }
        catch (HistoryUnavailableException error)
        {
            LogHistoryAway(error, job.JobId);
            return null;
        }
    }

    private async Task RecordPendingAsync(JobMessage job)
    {
        try
        {
            await store.RecordPendingAsync(job, CancellationToken.None);
        }
        catch (HistoryUnavailableException error)
        {
            // The worker repairs it when the turn begins.
            LogHistoryAway(error, job.JobId);
        }
    }

    private async Task WithdrawAsync(JobMessage job)
    {
        try
        {
            await store.WithdrawPendingAsync(job, CancellationToken.None);
        }
        catch (HistoryUnavailableException error)
        {
            LogHistoryAway(error, job.JobId);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The history did not take job {JobId} at its acceptance; its worker will repair that.")]
    private partial void LogHistoryAway(Exception error, string jobId);

    [LoggerMessage(Level = LogLevel.Error, Message = "The queue did not take job {JobId}; its sender was told.")]
    private partial void LogNotCommitted(Exception error, string jobId);
}
