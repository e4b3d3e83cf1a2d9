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

    /// <summary>The queue has both messages, as its engine does not tell them apart.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_two_bodies_under_one_key_the_one_that_was_shown_first_is_the_job(bool elsewhere)
    {
        var job = Samples.Job(owner: Samples.Owner()) with { Fingerprint = "one body" };
        var other = job with { Fingerprint = "another body", Message = "something else", ConversationId = elsewhere ? Samples.Conversation() : job.ConversationId };
        await AcceptAsync(job);
        await AcceptAsync(other);

        Assert.IsType<BeginResult.Another>(await store.BeginAsync(other, CancellationToken.None));
        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(job, CancellationToken.None));
        Assert.IsType<BeginResult.Another>(await store.BeginAsync(other, CancellationToken.None));
        Assert.Equal(job.Message, (await store.FindAsync(job.Key, CancellationToken.None))!.Message);
    }

    [Fact]
    public async Task A_key_whose_first_body_was_taken_back_is_free_for_another()
    {
        var job = Samples.Job(owner: Samples.Owner()) with { Fingerprint = "one body" };
        var other = job with { Fingerprint = "another body", Message = "something else" };
        await AcceptAsync(job);
        await store.WithdrawPendingAsync(job, CancellationToken.None);

        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(other, CancellationToken.None));
        Assert.Equal(other.Message, (await store.FindAsync(job.Key, CancellationToken.None))!.Message);
    }
}
