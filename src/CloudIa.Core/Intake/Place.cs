using CloudIa.Core.Conversations;

namespace CloudIa.Core.Intake;

/// <summary>What a post holds of its owner's jobs in flight: given back when the post is over, unless its commit added the job.</summary>
/// <param name="quota">Whose place it is.</param>
/// <param name="job">The job that the post would make.</param>
/// <param name="reserved">Whether there was one. Without it nothing is added; what a key's job is, is answered all the same.</param>
internal sealed class Place(IQuota quota, JobKey job, bool reserved) : IAsyncDisposable
{
    public bool Reserved => reserved;

    /// <summary>The job is in the queue by this post; whoever takes it from there settles.</summary>
    public bool Kept { get; set; }

    public ValueTask DisposeAsync() => reserved && !Kept ? quota.ReleaseAsync(job) : ValueTask.CompletedTask;
}
