using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.Delivery;

/// <summary>This part: feeds, stop signals, connections.</summary>
public abstract partial class DeliveryBusContract
{
    [Fact]
    public async Task A_feed_hears_its_owners_events_in_the_order_of_their_publication()
    {
        using var feed = await bus.FollowAsync(owner, null, None);
        var job = Samples.Job(owner: owner);
        await bus.PublishAsync(owner, Accepted(job), None);
        await StartAsync(job, 2);
        await bus.AppendAsync(job.Key, new Position(2, 0), "abc", None);
        await bus.PublishAsync(owner, new ErrorEvent { JobId = job.JobId, Code = ErrorCode.ModelTimeout, Retryable = true, Final = false }, None);
        await bus.PublishAsync(owner, new ConversationUpdated { ConversationId = job.ConversationId }, None);
        await bus.EndAsync(job.Key, Ended(job), None);

        var heard = new List<string>();
        while (heard.Count < 7)
        {
            var item = await NextAsync(feed);
            Assert.Equal(item.Announced is ConversationUpdated ? null : job.JobId, item.JobId);
            heard.Add(item.Announced?.GetType().Name ?? "Grew");
        }

        Assert.Equal(["Accepted", "MessageRestarted", "MessageStarted", "Grew", "ErrorEvent", "ConversationUpdated", "MessageStopped"], heard);
    }

    [Fact]
    public async Task A_feed_hears_nothing_of_other_owners()
    {
        using var feed = await bus.FollowAsync(owner, null, None);
        var stranger = Samples.Owner();
        var theirs = await StartedAsync(of: stranger);
        await bus.AppendAsync(theirs.Key, new Position(1, 0), "secret", None);
        await bus.PublishAsync(stranger, new ConversationUpdated { ConversationId = "theirs" }, None);
        await bus.EndAsync(theirs.Key, Ended(theirs), None);
        await bus.PublishAsync(owner, new Pong(), None);

        Assert.IsType<Pong>((await NextAsync(feed)).Announced);
        Assert.False(feed.TryTake(out _));
    }

    [Fact]
    public async Task All_feeds_of_an_owner_hear_the_same()
    {
        using var one = await bus.FollowAsync(owner, null, None);
        using var two = await bus.FollowAsync(owner, null, None);
        var job = await StartedAsync();
        await bus.AppendAsync(job.Key, new Position(1, 0), "abc", None);

        foreach (var feed in new[] { one, two })
        {
            Assert.IsType<MessageStarted>((await NextAsync(feed)).Announced);
            Assert.Equal(job.JobId, (await NextAsync(feed)).JobId);
        }
    }

    [Fact]
    public async Task A_feed_of_one_job_hears_of_that_job_alone()
    {
        var (followed, other) = (Samples.Job(owner: owner), Samples.Job(owner: owner));
        using var feed = await bus.FollowAsync(owner, followed.JobId, None);
        await StartAsync(other, 1);
        await bus.AppendAsync(other.Key, new Position(1, 0), "x", None);
        await bus.PublishAsync(owner, new Pong(), None);
        await StartAsync(followed, 1);

        Assert.Equal(followed.JobId, Assert.IsType<MessageStarted>((await NextAsync(feed)).Announced).JobId);
        Assert.False(feed.TryTake(out _));
    }

    [Fact]
    public async Task However_much_an_answer_grows_a_feed_says_so_once_until_its_reader_takes_the_word()
    {
        var job = await StartedAsync();
        using var feed = await bus.FollowAsync(owner, null, None);
        for (var i = 0; i < 5_000; i++)
        {
            await bus.AppendAsync(job.Key, new Position(1, i), "x", None);
        }

        var item = await NextAsync(feed);
        Assert.Equal((job.JobId, null, null), (item.JobId, item.Announced, item.From));
        Assert.False(feed.TryTake(out _));
        Assert.False(feed.Overrun);

        await bus.AppendAsync(job.Key, new Position(1, 5_000), "x", None);
        Assert.Equal(job.JobId, (await NextAsync(feed)).JobId);
    }

    [Fact]
    public async Task A_feed_whose_reader_takes_nothing_is_overrun_and_bounded()
    {
        using var feed = await bus.FollowAsync(owner, null, None);
        for (var i = 0; i < 5_000; i++)
        {
            await bus.PublishAsync(owner, new Pong(), None);
        }

        await feed.WaitAsync();
        Assert.True(feed.Overrun);
        var kept = 0;
        while (feed.TryTake(out _))
        {
            kept++;
        }

        Assert.InRange(kept, 1, 4_999);
    }

    [Fact]
    public async Task A_feed_that_was_left_hears_nothing_more()
    {
        var left = await bus.FollowAsync(owner, null, None);
        using var stays = await bus.FollowAsync(owner, null, None);
        left.Dispose();
        await bus.PublishAsync(owner, new Pong(), None);

        Assert.IsType<Pong>((await NextAsync(stays)).Announced);
        Assert.False(left.TryTake(out _));
        left.Dispose();
    }

    [Fact]
    public async Task A_wait_ends_when_an_event_comes_or_its_reader_is_woken_or_told_to_leave()
    {
        using var feed = await bus.FollowAsync(owner, null, None);
        var wait = feed.WaitAsync().AsTask();

        // Where words may be lost, a feed may be told to look at any time.
        Assert.False(wait.IsCompleted && bus.State == DeliveryState.Sure);
        await bus.PublishAsync(owner, new Pong(), None);
        await wait;
        Assert.True(feed.TryTake(out _));

        wait = feed.WaitAsync().AsTask();
        feed.Wake();
        await wait;
        Assert.False(feed.TryTake(out _));

        wait = feed.WaitAsync().AsTask();
        feed.Close();
        await wait;
        Assert.True(feed.Closed);
        await feed.WaitAsync();
    }

    [Fact]
    public async Task A_stop_signal_reaches_whoever_runs_the_job_and_nobody_else()
    {
        var (job, other) = (Samples.Job(owner: owner), Samples.Job(owner: owner));
        var stopped = new TaskCompletionSource();
        using var mine = bus.OnStop(job.Key, () => stopped.TrySetResult());
        using var others = bus.OnStop(other.Key, () => throw new InvalidOperationException("the wrong job was stopped"));
        using var strangers = bus.OnStop(job.Key with { Owner = Samples.Owner() }, () => throw new InvalidOperationException("another owner's job was stopped"));
        Assert.Equal(StopSignal.Taken, await bus.SignalStopAsync(job.Key, None));

        await stopped.Task;
    }

    [Fact]
    public async Task A_stop_signal_that_nobody_listens_for_says_so()
    {
        var job = Samples.Job(owner: owner);
        Assert.Equal(StopSignal.Unheard, await bus.SignalStopAsync(job.Key, None));
        var handle = bus.OnStop(job.Key, () => throw new InvalidOperationException("nobody listens any more"));
        handle.Dispose();
        Assert.Equal(StopSignal.Unheard, await bus.SignalStopAsync(job.Key, None));
    }

    [Fact]
    public async Task A_listener_that_leaves_does_not_take_a_newer_one_with_it()
    {
        var job = Samples.Job(owner: owner);
        var stopped = new TaskCompletionSource();
        var older = bus.OnStop(job.Key, () => true);
        using var newer = bus.OnStop(job.Key, () => stopped.TrySetResult());
        older.Dispose();
        await bus.SignalStopAsync(job.Key, None);

        await stopped.Task;
    }

    [Fact]
    public async Task A_connection_is_found_while_it_lives()
    {
        var id = Samples.Conversation();
        var connection = new LiveConnection(owner, "session", Anonymous: true);
        using (bus.Register(id, connection))
        {
            Assert.Equal(connection, await bus.ResolveAsync(id, None));
            Assert.Null(await bus.ResolveAsync(Samples.Conversation(), None));
        }

        Assert.Null(await bus.ResolveAsync(id, None));
    }

    private static async Task<FeedItem> NextAsync(OwnerFeed feed)
    {
        while (true)
        {
            if (feed.TryTake(out var item))
            {
                return item;
            }

            await feed.WaitAsync().AsTask().WaitAsync(TestContext.Current.CancellationToken);
        }
    }
}
