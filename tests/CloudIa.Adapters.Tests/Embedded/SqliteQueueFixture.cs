using CloudIa.Adapters.Tests.Queue;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Embedded.History;
using CloudIa.Embedded.Queue;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Adapters.Tests.Embedded;

internal sealed class SqliteQueueFixture : QueueFixture
{
    private readonly QueueOptions options = new();
    private SqliteJobQueue queue;

    public SqliteQueueFixture() => queue = new SqliteJobQueue(Folder.Database, options, Time);

    public EmbeddedFolder Folder { get; } = new();

    public FakeTimeProvider Time { get; } = new(Samples.Start);

    public override IJobQueue Queue => queue;

    public override IConversationStore Store => new SqliteConversationStore(Folder.Database);

    public override DateTimeOffset Now => Time.GetUtcNow();

    public override TimeSpan Lease => options.Lease;

    public override Task PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return Task.CompletedTask;
    }

    public override Task ReopenAsync()
    {
        Folder.Reopen();
        queue = new SqliteJobQueue(Folder.Database, options, Time);
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        Folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
