using CloudIa.Adapters.Tests.Queue;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class SqliteJobQueueLawTests : JobQueueLaws
{
    protected override ValueTask<QueueFixture> OpenAsync() => ValueTask.FromResult<QueueFixture>(new SqliteQueueFixture());
}
