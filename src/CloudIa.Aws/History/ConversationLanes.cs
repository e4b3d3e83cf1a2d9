using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>
/// Those of one process that want places in one conversation come one after the other: what decides between processes is
/// the table, and a process need not contend with itself there. Conversations share lanes.
/// </summary>
internal sealed class ConversationLanes
{
    private readonly SemaphoreSlim[] lanes = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];

    public async ValueTask<IDisposable> EnterAsync(ConversationKey conversation, CancellationToken cancellation)
    {
        var lane = lanes[(uint)conversation.GetHashCode() % lanes.Length];
        await lane.WaitAsync(cancellation);
        return new Leaving(lane);
    }

    private sealed class Leaving(SemaphoreSlim lane) : IDisposable
    {
        public void Dispose() => lane.Release();
    }
}
