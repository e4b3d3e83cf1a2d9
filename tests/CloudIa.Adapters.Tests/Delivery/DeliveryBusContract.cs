using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.Delivery;

/// <summary>What every delivery bus keeps (IDeliveryBus). This part: the text of running answers and its fence.</summary>
public abstract partial class DeliveryBusContract : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static readonly DateTimeOffset StartedAt = Samples.Start.AddSeconds(1);

    private readonly string owner = Samples.Owner();

    private IDeliveryBus bus = null!;

    public async ValueTask InitializeAsync() => bus = await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract ValueTask<IDeliveryBus> OpenAsync();

    protected abstract ValueTask CloseAsync();

    [Fact]
    public async Task Text_is_appended_at_its_end_and_read_from_any_position()
    {
        var job = await StartedAsync();
        Assert.True(await bus.AppendAsync(job.Key, new Position(1, 0), "Olá, ", None));
        Assert.True(await bus.AppendAsync(job.Key, new Position(1, 5), "mundo", None));

        for (var offset = 0; offset <= 10; offset++)
        {
            var slice = (await bus.ReadAsync(job.Key, new Position(1, offset), None))!;
            Assert.Equal((new Position(1, offset), "Olá, mundo"[offset..]), (slice.From, slice.Text));
            Assert.Equal(new Position(1, 10), slice.End);
            Assert.Equal(EventHead.Of(job, StartedAt), slice.Head);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 2)]
    [InlineData(1, 4)]
    [InlineData(1, 1000)]
    [InlineData(0, 3)]
    [InlineData(2, 3)]
    [InlineData(2, 0)]
    public async Task An_append_at_any_other_place_is_refused_and_changes_nothing(int attempt, int offset)
    {
        var job = await StartedAsync();
        await bus.AppendAsync(job.Key, new Position(1, 0), "abc", None);

        Assert.False(await bus.AppendAsync(job.Key, new Position(attempt, offset), "x", None));
        Assert.Equal("abc", (await bus.ReadAsync(job.Key, new Position(1, 0), None))!.Text);
        Assert.True(await bus.AppendAsync(job.Key, new Position(1, 3), "d", None));
    }

    [Fact]
    public async Task A_new_attempt_voids_the_text_and_refuses_the_old_ones_appends()
    {
        var job = await StartedAsync();
        await bus.AppendAsync(job.Key, new Position(1, 0), "abc", None);
        Assert.True(await StartAsync(job, 2));

        Assert.False(await bus.AppendAsync(job.Key, new Position(1, 3), "d", None));
        Assert.False(await bus.AppendAsync(job.Key, new Position(1, 0), "d", None));
        Assert.True(await bus.AppendAsync(job.Key, new Position(2, 0), "new", None));
        Assert.Equal("new", (await bus.ReadAsync(job.Key, new Position(2, 0), None))!.Text);
    }

    [Fact]
    public async Task A_start_of_an_attempt_that_is_not_newer_is_refused_and_not_announced()
    {
        var job = await StartedAsync(attempt: 2);
        await bus.AppendAsync(job.Key, new Position(2, 0), "abc", None);
        using var feed = await bus.FollowAsync(owner, null, None);

        Assert.False(await StartAsync(job, 1));
        Assert.False(await StartAsync(job, 2));
        Assert.Equal("abc", (await bus.ReadAsync(job.Key, new Position(2, 0), None))!.Text);
        Assert.False(feed.TryTake(out _));
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(1, 4)]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(7, 2)]
    [InlineData(3, 0)]
    public async Task From_a_position_that_does_not_exist_the_newest_attempt_is_read_from_its_beginning(int attempt, int offset)
    {
        var job = await StartedAsync(attempt: 2);
        await bus.AppendAsync(job.Key, new Position(2, 0), "abc", None);

        var slice = (await bus.ReadAsync(job.Key, new Position(attempt, offset), None))!;
        Assert.Equal((new Position(2, 0), "abc"), (slice.From, slice.Text));
    }

    [Fact]
    public async Task A_position_inside_a_character_does_not_exist()
    {
        var job = await StartedAsync();
        await bus.AppendAsync(job.Key, new Position(1, 0), "a😀b", None);

        var inside = (await bus.ReadAsync(job.Key, new Position(1, 2), None))!;
        Assert.Equal((new Position(1, 0), "a😀b"), (inside.From, inside.Text));
        Assert.Equal("😀b", (await bus.ReadAsync(job.Key, new Position(1, 1), None))!.Text);
        Assert.Equal("b", (await bus.ReadAsync(job.Key, new Position(1, 3), None))!.Text);
    }

    [Fact]
    public async Task A_long_answer_in_many_pieces_is_read_whole()
    {
        var job = await StartedAsync();
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i} é 😀\n"));
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = Math.Min(1 + (at % 3_000), text.Length - at);
            Assert.True(await bus.AppendAsync(job.Key, new Position(1, at), text.Substring(at, length), None));
        }

        Assert.Equal(text, (await bus.ReadAsync(job.Key, new Position(1, 0), None))!.Text);
    }

    [Fact]
    public async Task Of_a_job_that_is_unknown_or_anothers_there_is_nothing()
    {
        var job = await StartedAsync();
        await bus.AppendAsync(job.Key, new Position(1, 0), "abc", None);
        var strangers = job.Key with { Owner = Samples.Owner() };

        Assert.Null(await bus.ReadAsync(strangers, Position.Start, None));
        Assert.False(await bus.AppendAsync(strangers, new Position(1, 3), "d", None));
        Assert.Null(await bus.ReadAsync(Samples.Job(owner: owner).Key, Position.Start, None));
    }

    [Fact]
    public async Task After_the_end_the_text_is_forgotten()
    {
        var job = await StartedAsync();
        await bus.AppendAsync(job.Key, new Position(1, 0), "abc", None);
        await bus.EndAsync(job.Key, Ended(job), None);

        Assert.Null(await bus.ReadAsync(job.Key, new Position(1, 0), None));
        Assert.False(await bus.AppendAsync(job.Key, new Position(1, 3), "d", None));
    }

    private async Task<JobMessage> StartedAsync(int attempt = 1, string? of = null)
    {
        var job = Samples.Job(owner: of ?? owner);
        Assert.True(await StartAsync(job, attempt));
        return job;
    }

    private ValueTask<bool> StartAsync(JobMessage job, int attempt) => bus.StartAsync(
        job,
        new MessageStarted { JobId = job.JobId, ConversationId = job.ConversationId, Turn = 1, Attempt = attempt, Model = "demo", Timestamp = StartedAt },
        attempt == 1 ? null : new MessageRestarted { JobId = job.JobId, ConversationId = job.ConversationId, Attempt = attempt, Reason = "retry" },
        None);

    private static MessageStopped Ended(JobMessage job) =>
        new() { JobId = job.JobId, ConversationId = job.ConversationId, Turn = 1, Attempt = 1, Content = "" };

    private static Accepted Accepted(JobMessage job) =>
        new() { JobId = job.JobId, ConversationId = job.ConversationId, Status = JobStatus.Queued };
}
