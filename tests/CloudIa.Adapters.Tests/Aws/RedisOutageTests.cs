using System.Diagnostics;
using CloudIa.Aws.Delivery;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;
using StackExchange.Redis.Profiling;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Redis is disposable: it is stopped, emptied or silent while answers are written.</summary>
public sealed class RedisOutageTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Less than a hundred waits of half a second.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    private readonly string owner = Samples.Owner();
    private readonly RedisServer server = new();
    private readonly List<RedisNode> nodes = [];
    private ConnectionMultiplexer? admin;

    public async ValueTask InitializeAsync() => await server.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        if (admin is not null)
        {
            await admin.DisposeAsync();
        }

        await server.DisposeAsync();
    }

    [Fact]
    public async Task An_answer_goes_on_here_while_Redis_is_away_and_is_there_from_where_it_stood_when_it_is_back()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync());
        var job = Samples.Job(owner: owner);
        using var local = await here.Bus.FollowAsync(owner, null, None);
        using var remote = await there.Bus.FollowAsync(owner, null, None);
        await StartAsync(here, job, 1);
        await AppendAsync(here, job, 0, "before");
        await ReadUntilAsync(there, job.Key, 6);
        Assert.Equal((DeliveryState.Lossy, DeliveryState.Lossy), (here.Bus.State, there.Bus.State));

        server.Stop();
        await AppendAsync(here, job, 6, " during");
        await here.BecomesAsync(DeliveryState.Away);
        await there.BecomesAsync(DeliveryState.Away);
        await AppendAsync(here, job, 13, " it");
        Assert.Equal("before during it", (await here.Bus.ReadAsync(job.Key, Position.Start, None))!.Text);
        Assert.Null(await there.Bus.ReadAsync(job.Key, Position.Start, None));
        Assert.Equal(StopSignal.Unknown, await there.Bus.SignalStopAsync(job.Key, None));
        while (remote.TryTake(out _))
        {
        }

        remote.TakeLook();
        await server.StartAsync();
        Assert.Equal((new Position(1, 6), " during it"), await ReadFromAsync(there, job.Key, new Position(1, 6), 10));
        await AppendAsync(here, job, 16, " after");
        Assert.Equal((new Position(1, 16), " after"), await ReadFromAsync(there, job.Key, new Position(1, 16), 6));
        await Patience.Until<object>(_ => Task.FromResult<object?>(remote.TakeLook() ? this : null), "the feed to be told to look", () => "");
        await Patience.Until<object>(async _ => await HearsAsync(here, remote) ? this : null, "the feed to hear of another node again", () => "");
        await here.BecomesAsync(DeliveryState.Lossy);
    }

    [Fact]
    public async Task What_Redis_forgets_in_the_middle_of_an_answer_it_is_given_again()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync());
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        await AppendAsync(here, job, 0, "a😀b");
        await ReadUntilAsync(there, job.Key, 4);
        await FlushAsync();
        await AppendAsync(here, job, 4, "c");

        Assert.Equal((new Position(1, 4), "c"), await ReadFromAsync(there, job.Key, new Position(1, 4), 1));
        Assert.Equal("a😀bc", (await there.Bus.ReadAsync(job.Key, Position.Start, None))!.Text);
    }

    [Fact]
    public async Task Many_readers_at_one_place_are_one_call()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync());
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        await AppendAsync(here, job, 0, "abc");
        await ReadUntilAsync(there, job.Key, 3);
        var counted = new ProfilingSession();
        there.Link.Multiplexer.RegisterProfiler(() => counted);
        server.Freeze();
        var reads = Enumerable.Range(0, 20).Select(i => there.Bus.ReadAsync(job.Key, new Position(1, i % 2), None).AsTask()).ToList();
        server.Thaw();

        var read = await Task.WhenAll(reads);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? "abc" : "bc"), read.Select(slice => slice!.Text));

        // The ten that stand elsewhere while the first is under way go by themselves.
        Assert.Equal(11, counted.FinishProfiling().Count(call => call.Command.StartsWith("EVAL", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_Redis_forgets_while_the_model_is_silent_it_is_given_again()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync());
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        await AppendAsync(here, job, 0, "abc");
        await ReadUntilAsync(there, job.Key, 3);
        await FlushAsync();

        await ReadUntilAsync(there, job.Key, 3);
    }

    [Fact]
    public async Task A_worker_that_wrote_while_Redis_was_away_is_refused_once_it_hears_of_a_newer_attempt()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync());
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        await AppendAsync(here, job, 0, "old");
        server.Stop();
        await here.BecomesAsync(DeliveryState.Away);
        await there.BecomesAsync(DeliveryState.Away);
        Assert.True(await StartAsync(there, job, 2));
        await AppendAsync(there, job, 0, "newer", attempt: 2);
        await AppendAsync(here, job, 3, " text");
        await server.StartAsync();

        var at = 8;
        await Patience.Until<object>(
            async _ => await here.Bus.AppendAsync(job.Key, new Position(1, at++), "x", None) ? null : this, "the older attempt to be refused", () => "");
        Assert.Equal((new Position(2, 0), "newer"), await ReadFromAsync(here, job.Key, new Position(2, 0), 5));
        Assert.Equal((new Position(2, 0), "newer"), await ReadFromAsync(there, job.Key, new Position(1, 3), 5));
    }

    [Fact]
    public async Task A_node_that_starts_without_Redis_works_and_finds_it_later()
    {
        server.Stop();
        var (here, there) = (Keep(new RedisNode(server)), Keep(new RedisNode(server)));
        Assert.Equal(DeliveryState.Away, here.Bus.State);
        var job = Samples.Job(owner: owner);
        using var feed = await there.Bus.FollowAsync(owner, null, None);
        using var registration = there.Bus.Register("connection", new LiveConnection(owner, "session", Anonymous: true));
        Assert.True(await StartAsync(here, job, 1));
        await AppendAsync(here, job, 0, "abc");

        await server.StartAsync();
        await ReadUntilAsync(there, job.Key, 3);
        await Patience.Until<object>(async _ => await HearsAsync(here, feed) ? this : null, "the feed to hear of another node", () => "");
        await Patience.Until(async _ => await here.Bus.ResolveAsync("connection", None), "the connection to be known", () => "");
    }

    [Fact]
    public async Task A_Redis_that_hangs_holds_up_a_call_for_half_a_second_and_no_other_answer_and_is_given_all_when_it_goes_on()
    {
        var (here, there) = (await NodeAsync(RedisLink.Limit), await NodeAsync());
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        server.Freeze();

        // Bounds that a busy machine keeps, and that a wait for an answer does not: none comes.
        var clock = Stopwatch.StartNew();
        await here.Bus.PublishAsync(owner, new Pong(), None);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Bound);
        await here.BecomesAsync(DeliveryState.Away);
        clock.Restart();
        for (var at = 0; at < 100; at++)
        {
            await AppendAsync(here, job, at, "x");
        }

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Bound);
        server.Thaw();
        await ReadUntilAsync(there, job.Key, 100);
    }

    [Fact]
    public async Task A_channel_that_was_given_up_while_Redis_was_away_is_heard_once_when_its_owner_returns()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync());
        (await there.Bus.FollowAsync(owner, null, None)).Dispose();
        server.Stop();
        await there.BecomesAsync(DeliveryState.Away);
        await Patience.Until<object>(_ => Task.FromResult<object?>(there.Bus.OwnersHeard == 0 ? this : null), "the channel to be given up", () => "");
        await server.StartAsync();
        await here.BecomesAsync(DeliveryState.Lossy);
        await there.BecomesAsync(DeliveryState.Lossy);
        using var feed = await there.Bus.FollowAsync(owner, null, None);
        await Patience.Until<object>(_ => Task.FromResult<object?>(there.IsListening(BusNames.Owner(owner)) ? this : null), "the node to listen", () => "");

        await here.Bus.PublishAsync(owner, new Pong(), None);
        await here.Bus.PublishAsync(owner, new ConversationUpdated { ConversationId = "c" }, None);
        Assert.IsType<Pong>((await RedisNode.NextAsync(feed)).Announced);
        Assert.IsType<ConversationUpdated>((await RedisNode.NextAsync(feed)).Announced);
    }

    [Fact]
    public async Task A_feed_that_was_opened_while_Redis_hung_hears_of_other_nodes_once_it_goes_on()
    {
        var (here, there) = (await NodeAsync(), await NodeAsync(RedisLink.Limit));
        server.Freeze();
        using var feed = await there.Bus.FollowAsync(owner, null, None);
        server.Thaw();

        await Patience.Until<object>(async _ => await HearsAsync(here, feed) ? this : null, "the feed to hear of another node", () => "");
    }

    [Fact]
    public async Task A_stop_that_nobody_hears_just_after_Redis_returned_is_unknown_because_its_worker_may_not_listen_yet()
    {
        var still = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var link = RedisLink.Connect(server.Endpoint, still, NullLogger<RedisLink>.Instance, Patience.Usual);
        await using var bus = new RedisDeliveryBus(link, still);
        await Patience.Until<object>(_ => Task.FromResult<object?>(Found() ? this : null), "Redis to be found", () => "");
        server.Stop();
        await Patience.Until<object>(_ => Task.FromResult<object?>(link.Away ? this : null), "Redis to be found away", () => "");
        await server.StartAsync();
        await Patience.Until<object>(_ => Task.FromResult<object?>(Found() && link.Unsettled ? this : null), "Redis to be found again", () => "");

        Assert.Equal(StopSignal.Unknown, await bus.SignalStopAsync(Samples.Job(owner: owner).Key, None));

        // The clock goes on only while it is away, for the pause after a call that failed.
        bool Found()
        {
            if (link.Away)
            {
                still.Advance(TimeSpan.FromSeconds(1));
                return false;
            }

            return true;
        }
    }

    private async Task<RedisNode> NodeAsync(TimeSpan? limit = null) => Keep(await RedisNode.OpenAsync(server, limit));

    private RedisNode Keep(RedisNode node)
    {
        nodes.Add(node);
        return node;
    }

    private static ValueTask<bool> StartAsync(RedisNode node, JobMessage job, int attempt) => node.Bus.StartAsync(
        job,
        new MessageStarted { JobId = job.JobId, ConversationId = job.ConversationId, Turn = 1, Attempt = attempt, Model = "demo", Timestamp = Samples.Start },
        null,
        None);

    private static async Task AppendAsync(RedisNode node, JobMessage job, int at, string text, int attempt = 1) =>
        Assert.True(await node.Bus.AppendAsync(job.Key, new Position(attempt, at), text, None));

    private static async Task ReadUntilAsync(RedisNode node, JobKey job, int length) => await Patience.Until<object>(
        async _ => await node.Bus.ReadAsync(job, Position.Start, None) is { } slice && slice.Text.Length >= length ? slice : null, "the text", () => "");

    private static async Task<(Position From, string Text)> ReadFromAsync(RedisNode node, JobKey job, Position from, int length)
    {
        var slice = await Patience.Until(
            async _ => await node.Bus.ReadAsync(job, from, None) is { } slice && slice.Text.Length >= length ? slice : null, "the text", () => "");
        return (slice.From, slice.Text);
    }

    private static async Task<bool> HearsAsync(RedisNode speaker, OwnerFeed feed)
    {
        await speaker.Bus.PublishAsync(feed.Owner, new Pong(), None);
        using var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), TimeProvider.System);
        while (!moment.IsCancellationRequested)
        {
            if (feed.TryTake(out var item) && item.Announced is Pong)
            {
                return true;
            }

            await Task.Yield();
        }

        return false;
    }

    private Task FlushAsync() => AdministerAsync("FLUSHALL");

    private async Task AdministerAsync(string command, params object[] arguments)
    {
        admin ??= await ConnectionMultiplexer.ConnectAsync($"{server.Endpoint},allowAdmin=true,connectTimeout=60000,asyncTimeout=60000");
        await admin.GetDatabase().ExecuteAsync(command, arguments);
    }
}
