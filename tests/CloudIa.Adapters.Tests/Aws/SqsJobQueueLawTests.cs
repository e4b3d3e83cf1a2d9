using CloudIa.Adapters.Tests.Queue;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>With several messages of a conversation in a batch, as SQS gives them.</summary>
[Collection(SqsClock.Name)]
public sealed class SqsJobQueueLawTests(SqsClockServer server, Engines engines) : JobQueueLaws, IAsyncLifetime
{
    protected override int Sequences => 8;

    protected override bool TakesAgainAtOnce => false;

    public async ValueTask InitializeAsync() => await server.Sqs.BatchGroupsAsync(true);

    public async ValueTask DisposeAsync() => await server.Sqs.BatchGroupsAsync(false);

    protected override async ValueTask<QueueFixture> OpenAsync() => await SqsQueueFixture.OpenAsync(server.Sqs, engines);
}
