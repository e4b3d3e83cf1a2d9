using CloudIa.Aws.Delivery;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Two nodes on one Redis: here the answer is written, there its client is.</summary>
public sealed class RedisNodesTests(Engines engines) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string owner = Samples.Owner();
    private RedisServer server = null!;
    private RedisNode here = null!;
    private RedisNode there = null!;

    public async ValueTask InitializeAsync()
    {
        server = await engines.RedisAsync();
        here = await RedisNode.OpenAsync(server);
        there = await RedisNode.OpenAsync(server);
    }

    public async ValueTask DisposeAsync()
    {
        await here.DisposeAsync();
        await there.DisposeAsync();
    }

    [Fact]
    public async Task What_is_said_here_is_heard_there_in_its_order_and_once_here()
    {
        using var local = await here.Bus.FollowAsync(owner, null, None);
        using var remote = await there.Bus.FollowAsync(owner, null, None);
        var job = Samples.Job(owner: owner);
        await here.Bus.PublishAsync(owner, new Accepted { JobId = job.JobId, ConversationId = job.ConversationId, Status = JobStatus.Queued, Message = Samples.Unicode }, None);
        await StartAsync(here, job, 2);
        await here.Bus.AppendAsync(job.Key, new Position(2, 0), "abc", None);
        await here.Bus.PublishAsync(owner, new ErrorEvent { JobId = job.JobId, Code = ErrorCode.ModelTimeout, Final = false }, None);
        await here.Bus.EndAsync(job.Key, Completed(job, 2, "abc"), None);
        await here.Bus.PublishAsync(owner, new Pong(), None);

        string[] said = ["Accepted", "MessageRestarted", "MessageStarted", "Grew", "ErrorEvent", "MessageCompleted", "Pong"];
        Assert.Equal(said, await HearAsync(local, said.Length));
        Assert.Equal(said, await HearAsync(remote, said.Length));

        // What came back over the channel would have come before this.
        await there.Bus.PublishAsync(owner, new ConversationUpdated { ConversationId = job.ConversationId }, None);
        Assert.Equal(["ConversationUpdated"], await HearAsync(local, 1));
        Assert.Equal(["ConversationUpdated"], await HearAsync(remote, 1));
    }

    [Fact]
    public async Task Text_that_is_written_here_is_read_there_from_any_position()
    {
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        const string Text = "a😀b" + Samples.Unicode;
        for (var at = 0; at < Text.Length; at++)
        {
            await here.Bus.AppendAsync(job.Key, new Position(1, at), Text[at..(at + 1)], None);
        }

        var whole = await ReadUntilAsync(there, job.Key, Text.Length);
        Assert.Equal((Text, EventHead.Of(job, Samples.Start)), (whole.Text, whole.Head));
        for (var at = 0; at <= Text.Length; at++)
        {
            var expected = (await here.Bus.ReadAsync(job.Key, new Position(1, at), 7, None))!;
            Assert.Equal(expected, await there.Bus.ReadAsync(job.Key, new Position(1, at), 7, None));
        }
    }

    [Fact]
    public async Task A_reader_there_that_reads_whenever_the_answer_grew_gets_the_whole_text_once()
    {
        var job = Samples.Job(owner: owner);
        using var feed = await there.Bus.FollowAsync(owner, job.JobId, None);
        await StartAsync(here, job, 1);
        var text = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"{i} é 😀\n"));
        async Task WriteAsync()
        {
            for (var at = 0; at < text.Length; at += 37)
            {
                Assert.True(await here.Bus.AppendAsync(job.Key, new Position(1, at), text.Substring(at, Math.Min(37, text.Length - at)), None));
                await Task.Yield();
            }
        }

        var writing = WriteAsync();
        var read = "";
        while (read.Length < text.Length)
        {
            if (await RedisNode.NextAsync(feed) is { Announced: null }
                && await there.Bus.ReadAsync(job.Key, new Position(1, read.Length), None) is { } slice)
            {
                Assert.Equal(new Position(1, read.Length), slice.From);
                read += slice.Text;
            }
        }

        await writing;
        Assert.Equal(text, read);
    }

    [Fact]
    public async Task Once_an_attempt_began_there_nothing_of_an_older_one_is_taken_or_given()
    {
        var job = Samples.Job(owner: owner);
        using var feed = await here.Bus.FollowAsync(owner, null, None);
        await StartAsync(here, job, 1);
        await here.Bus.AppendAsync(job.Key, new Position(1, 0), "old", None);
        await ReadUntilAsync(there, job.Key, 3);

        Assert.True(await StartAsync(there, job, 2));
        await there.Bus.AppendAsync(job.Key, new Position(2, 0), "new", None);
        await RefusedAsync(here, job, 3);

        Assert.False(await StartAsync(here, job, 1));
        Assert.Equal((new Position(2, 0), "new"), await TextAsync(here, job, new Position(2, 0)));
        Assert.Equal((new Position(2, 0), "new"), await TextAsync(there, job, new Position(1, 3)));
    }

    [Fact]
    public async Task A_start_of_an_attempt_that_is_known_there_is_refused_here_and_not_announced()
    {
        var job = Samples.Job(owner: owner);
        await StartAsync(there, job, 2);
        using var feed = await here.Bus.FollowAsync(owner, null, None);

        Assert.False(await StartAsync(here, job, 1));
        Assert.False(await StartAsync(here, job, 2));
        Assert.False(feed.TryTake(out _));
        Assert.True(await StartAsync(here, job, 3));
    }

    [Fact]
    public async Task After_an_end_that_was_told_there_a_late_worker_brings_nothing_back()
    {
        var job = Samples.Job(owner: owner);
        await StartAsync(here, job, 1);
        await here.Bus.AppendAsync(job.Key, new Position(1, 0), "abc", None);
        await ReadUntilAsync(there, job.Key, 3);
        await there.Bus.EndAsync(job.Key, Completed(job, 1, "abc"), None);
        await RefusedAsync(here, job, 3);

        Assert.Null(await there.Bus.ReadAsync(job.Key, Position.Start, None));
        Assert.Null(await here.Bus.ReadAsync(job.Key, Position.Start, None));
        Assert.False(await StartAsync(here, job, 1));
    }

    [Fact]
    public async Task The_end_of_a_long_answer_is_told_there_without_its_text()
    {
        var job = Samples.Job(owner: owner);
        using var feed = await there.Bus.FollowAsync(owner, null, None);
        await here.Bus.EndAsync(job.Key, Completed(job, 1, new string('x', 100_000)), None);

        Assert.Equal(new FeedItem(job.JobId, null, Ended: true), await RedisNode.NextAsync(feed));
    }

    [Fact]
    public async Task No_owners_name_reads_anothers_answer()
    {
        var job = new JobMessage
        {
            JobId = "c",
            Owner = owner + ":b",
            SessionId = "",
            ConversationId = "",
            Message = "",
            Fingerprint = "",
            AcceptedAt = Samples.Start,
            TraceId = "",
        };
        await StartAsync(here, job, 1);
        await here.Bus.AppendAsync(job.Key, new Position(1, 0), "secret", None);
        await ReadUntilAsync(there, job.Key, 6);

        Assert.Null(await there.Bus.ReadAsync(new JobKey(owner, "b:c"), Position.Start, None));
    }

    [Theory]
    [InlineData(true, StopSignal.Taken)]
    [InlineData(false, StopSignal.Unheard)]
    public async Task A_stop_that_is_asked_for_there_is_heard_here_and_its_answer_there(bool takes, StopSignal expected)
    {
        var job = Samples.Job(owner: owner);
        var asked = 0;
        using var listening = here.Bus.OnStop(job.Key, () => Interlocked.Increment(ref asked) > 0 && takes);
        using var other = here.Bus.OnStop(Samples.Job(owner: owner).Key, () => throw new InvalidOperationException("the wrong job was stopped"));
        await StopsHeardAsync();

        Assert.Equal(expected, await there.Bus.SignalStopAsync(job.Key, None));
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task A_connection_here_is_known_there_while_it_lives()
    {
        var id = Samples.Conversation();
        var connection = new LiveConnection(owner, "session", Anonymous: true);
        using (here.Bus.Register(id, connection))
        {
            await Patience.Until(async _ => await there.Bus.ResolveAsync(id, None), "the connection", () => "");
            Assert.Equal(connection, await there.Bus.ResolveAsync(id, None));
        }

        await Patience.Until<object>(async _ => await there.Bus.ResolveAsync(id, None) is null ? this : null, "it to be forgotten", () => "");
    }

    [Fact]
    public async Task An_owners_channel_is_given_up_some_time_after_the_last_feed_left()
    {
        var one = await here.Bus.FollowAsync(owner, null, None);
        var two = await here.Bus.FollowAsync(owner, "job", None);
        Assert.Equal(1, await SubscribersAsync("cloudia:owner:" + owner));
        one.Dispose();
        two.Dispose();
        await Patience.Until<object>(async _ => await SubscribersAsync("cloudia:owner:" + owner) == 0 ? this : null, "the channel to be given up", () => "");

        using var again = await here.Bus.FollowAsync(owner, null, None);
        await there.Bus.PublishAsync(owner, new Pong(), None);
        Assert.IsType<Pong>((await RedisNode.NextAsync(again)).Announced);
    }

    private static ValueTask<bool> StartAsync(RedisNode node, JobMessage job, int attempt) => node.Bus.StartAsync(
        job,
        new MessageStarted { JobId = job.JobId, ConversationId = job.ConversationId, Turn = 1, Attempt = attempt, Model = "demo", Timestamp = Samples.Start },
        attempt == 1 ? null : new MessageRestarted { JobId = job.JobId, ConversationId = job.ConversationId, Attempt = attempt, Reason = "retry" },
        None);

    private static MessageCompleted Completed(JobMessage job, int attempt, string content) => new()
    {
        JobId = job.JobId,
        ConversationId = job.ConversationId,
        Turn = 1,
        Attempt = attempt,
        Content = content,
        Metadata = new AnswerMetadata { Model = "demo", Tokens = 2, InputTokens = 1, OutputTokens = 1, Attempts = attempt, DurationMs = 1, FinishReason = "stop" },
    };

    private static async Task<List<string>> HearAsync(OwnerFeed feed, int words)
    {
        var heard = new List<string>();
        while (heard.Count < words)
        {
            heard.Add((await RedisNode.NextAsync(feed)).Announced?.GetType().Name ?? "Grew");
        }

        return heard;
    }

    private static Task<AnswerSlice> ReadUntilAsync(RedisNode node, JobKey job, int length) => Patience.Until(
        async _ => await node.Bus.ReadAsync(job, Position.Start, None) is { } slice && slice.Text.Length >= length ? slice : null,
        $"{length} units of text",
        () => "");

    private static async Task<(Position, string)> TextAsync(RedisNode node, JobMessage job, Position from)
    {
        var slice = await Patience.Until(
            async _ => await node.Bus.ReadAsync(job.Key, from, None) is { Text.Length: > 0 } slice ? slice : null, "text", () => "");
        return (slice.From, slice.Text);
    }

    /// <summary>A worker that goes on writing is refused.</summary>
    private static async Task RefusedAsync(RedisNode node, JobMessage job, int at)
    {
        await Patience.Until<object>(
            async _ => await node.Bus.AppendAsync(job.Key, new Position(1, at++), "x", None) ? null : node, "the append to be refused", () => "");
    }

    private async Task StopsHeardAsync() => await Patience.Until<object>(
        _ => Task.FromResult<object?>(here.IsListening(BusNames.Stops) && there.IsListening(BusNames.Stops) && there.IsListening(there.Bus.Channel) ? this : null), "the nodes to hear of stops", () => "");

    private async Task<long> SubscribersAsync(string channel) =>
        (long)(await here.Link.Multiplexer.GetDatabase().ExecuteAsync("PUBSUB", "NUMSUB", channel))[1];
}
