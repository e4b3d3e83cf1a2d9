using CloudIa.Adapters.Tests.Queue;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

[Collection(SqsClock.Name)]
public sealed class SqsJobQueueTests(SqsClockServer server, Engines engines) : JobQueueContract
{
    protected override async ValueTask<QueueFixture> OpenAsync() => await SqsQueueFixture.OpenAsync(server.Sqs, engines);
}
