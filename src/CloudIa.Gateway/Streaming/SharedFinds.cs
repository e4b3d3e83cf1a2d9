using System.Collections.Concurrent;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Streaming;

/// <summary>
/// Reads of jobs in the history. All of an owner's clients learn of an end at the same instant, and its text may be a
/// megabyte: they have one read of it, and one copy.
/// </summary>
/// <param name="find">The history's.</param>
internal sealed class SharedFinds(Func<JobKey, CancellationToken, Task<Turn?>> find)
{
    private readonly ConcurrentDictionary<JobKey, TaskCompletionSource<Turn?>> underWay = new();

    /// <summary>The turn of a job as it is now, or null.</summary>
    /// <exception cref="HistoryUnavailableException">The history cannot be read.</exception>
    public async Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation)
    {
        // It began before this was asked: of what it finds, an answer alone stays as it is.
        if (underWay.TryGetValue(job, out var earlier) && await AnswerOfAsync(earlier.Task, cancellation) is { } answered)
        {
            return answered;
        }

        var own = new TaskCompletionSource<Turn?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var shared = underWay.GetOrAdd(job, own);
        if (shared == own)
        {
            // To its end, whatever was cancelled: others have it, too.
            await ReadAsync(job, own);
        }

        return await shared.Task.WaitAsync(cancellation);
    }

    private static async Task<Turn?> AnswerOfAsync(Task<Turn?> read, CancellationToken cancellation)
    {
        try
        {
            return await read.WaitAsync(cancellation) is { End.Status: JobStatus.Completed or JobStatus.Cancelled } answered ? answered : null;
        }
        catch (HistoryUnavailableException)
        {
            return null;
        }
    }

    private async Task ReadAsync(JobKey job, TaskCompletionSource<Turn?> own)
    {
        try
        {
            var turn = await find(job, CancellationToken.None);
            Forget();
            own.SetResult(turn);
        }
#pragma warning disable CA1031 // Whatever it is: those that share the read are told, too.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Forget();
            own.SetException(error);
        }

        void Forget() => underWay.TryRemove(KeyValuePair.Create(job, own));
    }
}
