using CloudIa.Core.Queue;

namespace CloudIa.Tests.Core;

/// <summary>Puts jobs into a queue on no condition.</summary>
internal static class Enqueuing
{
    public static Task<EnqueueResult> EnqueueAsync(this IJobQueue queue, JobMessage job, CancellationToken cancellation) =>
        queue.EnqueueAsync(job, EnqueueCondition.None, cancellation);
}
