using CloudIa.Adapters.Tests.History;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Embedded.History;
using CloudIa.Embedded.Queue;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class SqliteStoreFencingTests : StoreFencingLaws, IDisposable
{
    private readonly EmbeddedFolder folder = new();

    public SqliteStoreFencingTests() => Store = new SqliteConversationStore(folder.Database);

    protected override IConversationStore Store { get; }

    public void Dispose() => folder.Dispose();

    protected override Task AcceptAsync(JobMessage job) =>
        new SqliteJobQueue(folder.Database, new QueueOptions(), TimeProvider.System).EnqueueAsync(job, CancellationToken.None);
}
