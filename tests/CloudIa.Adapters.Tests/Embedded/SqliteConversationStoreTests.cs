using CloudIa.Adapters.Tests.History;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Embedded.History;
using CloudIa.Embedded.Queue;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class SqliteConversationStoreTests : ConversationStoreContract
{
    private readonly EmbeddedFolder folder = new();

    protected override ValueTask<IConversationStore> OpenAsync() =>
        ValueTask.FromResult<IConversationStore>(new SqliteConversationStore(folder.Database));

    protected override ValueTask<IConversationStore> ReopenAsync()
    {
        folder.Reopen();
        return OpenAsync();
    }

    protected override ValueTask CloseAsync()
    {
        folder.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override async Task AcceptAsync(JobMessage job)
    {
        await new SqliteJobQueue(folder.Database, new QueueOptions(), TimeProvider.System).EnqueueAsync(job, CancellationToken.None);
        await new SqliteConversationStore(folder.Database).RecordPendingAsync(job, CancellationToken.None);
    }

    [Fact]
    public async Task An_engine_that_fails_is_said_in_the_ports_words()
    {
        var store = await OpenAsync();
        folder.Execute("ALTER TABLE turns RENAME TO gone; ALTER TABLE conversations RENAME TO gone_too; DROP TABLE texts;");
        var job = Samples.Job();
        var none = CancellationToken.None;

        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.BeginAsync(job, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.FinishAsync(job.Key, 1, Samples.Answer(), none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.RequestStopAsync(job.Key, Samples.Start, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.FindAsync(job.Key, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ReadTurnsAsync(job.Conversation, null, 1, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ReadPendingAsync(job.Conversation, 1, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ReadUnfinishedAsync(job.Conversation, 1, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.FindConversationAsync(job.Conversation, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.WasDeletedAsync(job.Conversation, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ChangeAsync(job.Conversation, new ConversationChange("title", null), none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.DeleteAsync(job.Conversation, Samples.Start, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.SearchAsync(job.Owner, "word", null, 1, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ReadTurnsAfterAsync(job.Conversation, 0, 1, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ReadVersionsAsync(job.Conversation, 1, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ForkAsync(job.Conversation, 0, "fork", Samples.Start, none));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => store.ListAsync(job.Owner, null, 1, none));
    }
}
