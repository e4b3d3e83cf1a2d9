using CloudIa.Adapters.Tests.Queue;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class SqliteJobQueueLawTests : JobQueueLaws
{
    protected override QueueFixture Open() => new SqliteQueueFixture();
}
