using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.History;

/// <summary>What every conversation store keeps (IConversationStore). This part: begin, finish and the fence between them.</summary>
public abstract partial class ConversationStoreContract : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string owner = Samples.Owner();

    private IConversationStore store = null!;

    public async ValueTask InitializeAsync() => store = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A store; it may hold other owners' conversations.</summary>
    protected abstract ValueTask<IConversationStore> OpenAsync();

    /// <summary>The same store as the next process finds it.</summary>
    protected abstract ValueTask<IConversationStore> ReopenAsync();

    protected abstract ValueTask CloseAsync();

    /// <summary>Commits a message and shows it, as the intake does: an engine may keep both in one place.</summary>
    protected abstract Task AcceptAsync(JobMessage job);

    [Fact]
    public async Task Begins_number_a_conversations_turns_from_1_without_a_gap()
    {
        var conversation = Samples.Conversation();
        for (var turn = 1; turn <= 5; turn++)
        {
            Assert.Equal(new BeginResult.Started(turn, 1), await store.BeginAsync(Job(conversation), None));
        }

        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(Job(), None));
    }

    [Fact]
    public async Task Begins_of_many_at_once_number_the_turns_without_a_gap()
    {
        var conversation = Samples.Conversation();
        var begun = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => store.BeginAsync(Job(conversation), None)));

        Assert.Equal(Enumerable.Range(1, 20), begun.Cast<BeginResult.Started>().Select(started => started.Turn).Order());
    }

    [Fact]
    public async Task The_order_of_turns_is_that_of_their_begins()
    {
        var conversation = Samples.Conversation();
        var (early, late) = (Job(conversation), Job(conversation));
        await AcceptAsync(early);
        await AcceptAsync(late);

        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(late, None));
        Assert.Equal(new BeginResult.Started(2, 1), await store.BeginAsync(early, None));
    }

    [Fact]
    public async Task Every_begin_of_a_job_is_another_attempt_of_the_same_turn()
    {
        var job = Job();
        for (var attempt = 1; attempt <= 7; attempt++)
        {
            Assert.Equal(new BeginResult.Started(1, attempt), await store.BeginAsync(job, None));
        }

        Assert.Equal((1, 7, JobStatus.Running), await store.FindAsync(job.Key, None) is { } turn ? (turn.Number!.Value, turn.Attempt, turn.Status) : default);
    }

    [Fact]
    public async Task A_job_that_comes_again_for_another_conversation_stays_in_its_own()
    {
        var job = Job();
        var elsewhere = job with { ConversationId = Samples.Conversation() };
        await store.BeginAsync(job, None);

        Assert.Equal(new BeginResult.Started(1, 2), await store.BeginAsync(elsewhere, None));
        Assert.True(await store.FinishAsync(job.Key, 2, Samples.Answer(), None));
        Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None));
        Assert.Null(await store.FindConversationAsync(elsewhere.Conversation, None));
    }

    [Fact]
    public async Task Two_workers_that_begin_at_once_have_different_attempts()
    {
        var job = Job();
        var begun = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => store.BeginAsync(job, None)));

        Assert.Equal(Enumerable.Range(1, 10), begun.Cast<BeginResult.Started>().Select(started => started.Attempt).Order());
    }

    [Fact]
    public async Task A_finish_stores_the_end_and_later_begins_say_finished()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        Assert.True(await store.FinishAsync(job.Key, 1, Samples.Answer("the answer"), None));

        for (var i = 0; i < 2; i++)
        {
            var finished = Assert.IsType<BeginResult.Finished>(await store.BeginAsync(job, None));
            Assert.Equal((1, 1, JobStatus.Completed), (finished.Turn.Number!.Value, finished.Turn.Attempt, finished.Turn.Status));
            Assert.Equal(Samples.Answer("the answer"), finished.Turn.End);
        }
    }

    [Fact]
    public async Task A_finish_of_a_stale_attempt_is_refused()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        await store.BeginAsync(job, None);

        Assert.False(await store.FinishAsync(job.Key, 1, Samples.Answer("stale"), None));
        Assert.Null((await store.FindAsync(job.Key, None))!.End);
        Assert.True(await store.FinishAsync(job.Key, 2, Samples.Answer("newest"), None));
        Assert.False(await store.FinishAsync(job.Key, 1, Samples.Answer("stale"), None));
        Assert.Equal("newest", (await store.FindAsync(job.Key, None))!.End!.Content);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(-1)]
    public async Task A_finish_of_an_attempt_that_never_began_is_refused(int attempt)
    {
        var job = Job();
        await store.BeginAsync(job, None);

        Assert.False(await store.FinishAsync(job.Key, attempt, Samples.Answer(), None));
        Assert.Null((await store.FindAsync(job.Key, None))!.End);
    }

    [Fact]
    public async Task A_job_ends_once()
    {
        var job = Job();
        await store.BeginAsync(job, None);
        var ends = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => store.FinishAsync(job.Key, 1, Samples.Answer($"{i}"), None)));

        var winner = Assert.Single(Enumerable.Range(0, 20), i => ends[i]);
        Assert.Equal($"{winner}", (await store.FindAsync(job.Key, None))!.End!.Content);
    }

    [Fact]
    public async Task A_begin_shows_a_job_whose_pending_write_was_lost()
    {
        var job = Job(message: "never recorded");
        await store.BeginAsync(job, None);

        var turn = Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None));
        Assert.Equal("never recorded", turn.Message);
        Assert.Equal((1, "never recorded"), await store.FindConversationAsync(job.Conversation, None) is { } shown ? (shown.Turns, shown.Title) : default);
    }

    [Fact]
    public async Task What_a_worker_wrote_is_there_for_the_next_process()
    {
        var (done, running) = (Job(), Job());
        await store.BeginAsync(done, None);
        await store.FinishAsync(done.Key, 1, Samples.Answer(), None);
        await store.BeginAsync(running, None);
        store = await ReopenAsync();

        Assert.IsType<BeginResult.Finished>(await store.BeginAsync(done, None));
        Assert.Equal(new BeginResult.Started(1, 2), await store.BeginAsync(running, None));
    }

    [Fact]
    public async Task A_cancelled_begin_begins_nothing()
    {
        var job = Job();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.BeginAsync(job, new CancellationToken(true)));

        Assert.Null(await store.FindAsync(job.Key, None));
    }

    private JobMessage Job(string? conversation = null, string message = "Olá, IA!", DateTimeOffset? at = null) =>
        Samples.Job(conversation, message, owner, at);
}
