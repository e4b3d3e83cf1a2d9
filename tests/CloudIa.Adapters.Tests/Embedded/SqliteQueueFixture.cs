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

    public SqliteQueueFixture() => Queue = new SqliteJobQueue(Folder.Database, options, Time);

    public EmbeddedFolder Folder { get; } = new();

    public FakeTimeProvider Time { get; } = new(Samples.Start);

    public override IJobQueue Queue { get; protected set; }

    public override IConversationStore Store => new SqliteConversationStore(Folder.Database);

    public override DateTimeOffset Now => Time.GetUtcNow();

    public override bool TellsDuplicates => true;

    public override bool TellsAge => true;

    public override TimeSpan Lease => options.Lease;

    public override Task PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return Task.CompletedTask;
    }

    /// <summary>It looks before the call returns.</summary>
    public override Task WaitsAsync(Task receive) => Task.CompletedTask;

    public override Task ReopenAsync()
    {
        Folder.Reopen();
        Queue = new SqliteJobQueue(Folder.Database, options, Time);
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync()
    {
        Folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
