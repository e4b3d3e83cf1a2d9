using CloudIa.Adapters.Tests.History;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Every call of a test goes to another of three nodes, which share nothing but the table.</summary>
public sealed class DynamoConversationStoreTests(DynamoFixture dynamo) : ConversationStoreContract, IClassFixture<DynamoFixture>
{
    private IConversationStore store = null!;

    /// <summary>A transaction takes 100 items, a batch 25.</summary>
    protected override int LongConversation => 120;

    protected override ValueTask<IConversationStore> OpenAsync() => ValueTask.FromResult(store = dynamo.NewNodes(3));

    protected override ValueTask<IConversationStore> ReopenAsync() => OpenAsync();

    protected override ValueTask CloseAsync() => ValueTask.CompletedTask;

    protected override Task AcceptAsync(JobMessage job) => store.RecordPendingAsync(job, CancellationToken.None);
}
