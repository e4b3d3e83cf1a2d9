using CloudIa.Adapters.Tests.History;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Workers on three nodes, which share nothing but the table.</summary>
public sealed class DynamoStoreFencingTests(DynamoFixture dynamo) : StoreFencingLaws, IClassFixture<DynamoFixture>
{
    /// <summary>Each step is some calls over the network here; every run tries others.</summary>
    protected override int Samplings => 50;

    protected override IConversationStore Store { get; } = dynamo.NewNodes(3);

    protected override Task AcceptAsync(JobMessage job) => Store.RecordPendingAsync(job, CancellationToken.None);
}
