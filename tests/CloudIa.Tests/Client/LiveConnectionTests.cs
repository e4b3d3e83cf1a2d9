using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;

namespace CloudIa.Tests.Client;

public sealed class LiveConnectionTests : IAsyncLifetime
{
    private readonly WatchedTime _time = new();
    private readonly LiveOptions _options = new();
    private readonly CancellationTokenSource _leaving =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private ScriptedService _service = null!;
    private LiveConnection _live = null!;
    private IAsyncEnumerator<LiveNotice> _notices = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await ScriptedService.StartAsync();
        _live = new LiveConnection(_service.Address, () => "token", _options, _time);
        _notices = _live.RunAsync(_leaving.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await _notices.DisposeAsync();
        await _service.DisposeAsync();
        _leaving.Dispose();
    }

    [Fact]
    public async Task Deltas_of_a_followed_answer_are_folded_and_told()
    {
        var answer = _live.Follow(new Answer("job", "c"));
        var socket = await ConnectAsync();
        await socket.ReceiveAsync();

        await socket.SendAsync(Delta(1, 0, "Hel"));
        await socket.SendAsync(Delta(1, 3, "lo"));

        Assert.Equal(FoldOutcome.Replaced, (await NextAsync<AnswerChanged>()).Outcome);
        Assert.Equal(FoldOutcome.Appended, (await NextAsync<AnswerChanged>()).Outcome);
        Assert.Equal("Hello", answer.Text);
    }

    [Fact]
    public async Task A_cut_connection_comes_back_after_a_pause_and_resumes_from_the_position()
    {
        var answer = _live.Follow(new Answer("job", "c"));
        var first = await ConnectAsync();
        Assert.Equal([new ResumePoint("job", 0, 0)], (await first.ReceiveAsync())?.Jobs);
        await first.SendAsync(Delta(1, 0, "half an "));
        await NextAsync<AnswerChanged>();

        first.Kill();
        var waiting = await NextAsync<ConnectionChanged>();
        Assert.Equal(ConnectionState.Waiting, waiting.State);
        Assert.InRange(waiting.RetryIn!.Value, _options.Backoff.First / 2, _options.Backoff.First);
        await _time.PassAsync(waiting.RetryIn.Value);

        var second = await ConnectAsync();
        Assert.Equal([new ResumePoint("job", 1, 8)], (await second.ReceiveAsync())?.Jobs);
        await second.SendAsync(Delta(1, 8, "answer"));
        await NextAsync<AnswerChanged>();
        Assert.Equal("half an answer", answer.Text);
    }

    [Fact]
    public async Task A_gap_is_asked_for_once()
    {
        var answer = _live.Follow(new Answer("job", "c"));
        var socket = await ConnectAsync();
        await socket.ReceiveAsync();
        await socket.SendAsync(Delta(1, 0, "a"));

        await socket.SendAsync(Delta(1, 2, "c"));
        await socket.SendAsync(Delta(1, 3, "d"));
        Assert.Equal([new ResumePoint("job", 1, 1)], (await socket.ReceiveAsync())?.Jobs);
        await socket.SendAsync(Delta(1, 1, "bcd"));
        await socket.SendAsync(Delta(1, 6, "g"));

        // The next frame is the next gap's, so the first one had no second.
        Assert.Equal([new ResumePoint("job", 1, 4)], (await socket.ReceiveAsync())?.Jobs);
        Assert.Equal("abcd", answer.Text);
    }

    [Fact]
    public async Task An_answer_of_another_tab_is_followed_from_its_first_sign()
    {
        var socket = await ConnectAsync();

        await socket.SendAsync(Delta(1, 4, "o!") with { JobId = "elsewhere" });

        Assert.Equal([new ResumePoint("elsewhere", 1, 0)], (await socket.ReceiveAsync())?.Jobs);
    }

    [Fact]
    public async Task At_a_heartbeat_it_pings_and_asks_for_silent_answers()
    {
        _live.Follow(new Answer("job", "c"));
        var socket = await ConnectAsync(heartbeatSeconds: 25);
        await socket.ReceiveAsync();

        await _time.PassAsync(TimeSpan.FromSeconds(25));
        Assert.Equal("ping", (await socket.ReceiveAsync())?.Action);
        Assert.Equal("resume", (await socket.ReceiveAsync())?.Action);
    }

    [Fact]
    public async Task A_socket_that_does_not_answer_a_ping_is_given_up()
    {
        var socket = await ConnectAsync(heartbeatSeconds: 25);
        await _time.PassAsync(TimeSpan.FromSeconds(25));
        Assert.Equal("ping", (await socket.ReceiveAsync())?.Action);

        await _time.PassAsync(_options.PongTimeout);
        Assert.Equal(ConnectionState.Waiting, (await NextAsync<ConnectionChanged>()).State);
    }

    [Fact]
    public async Task A_refused_session_ends_it_with_the_reason()
    {
        _service.RefuseSockets = 401;

        var refused = await Assert.ThrowsAsync<CloudIaException>(() => NextAsync<ServiceSaid>());

        Assert.True(refused.NeedsSession);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task Pauses_grow_while_the_service_is_away_or_has_too_many_connections(int status)
    {
        _service.RefuseSockets = status;

        var pauses = new List<TimeSpan>();
        while (pauses.Count < 4)
        {
            var notice = await NextAsync<ConnectionChanged>();
            if (notice.RetryIn is not { } pause)
                continue;
            pauses.Add(pause);
            await _time.PassAsync(pause);
        }

        for (var i = 0; i < pauses.Count; i++)
            Assert.InRange(pauses[i], _options.Backoff.First * Math.Pow(2, i) / 2, _options.Backoff.First * Math.Pow(2, i));
    }

    [Fact]
    public async Task Frames_of_unknown_events_are_passed_over()
    {
        var socket = await ConnectAsync();

        await socket.SendRawAsync("""{"event":"of_the_future","jobId":"job"}""");
        await socket.SendRawAsync("not JSON");
        await socket.SendAsync(new Pong());

        Assert.IsType<Pong>((await NextAsync<ServiceSaid>()).Event);
    }

    private async Task<ServerSocket> ConnectAsync(int heartbeatSeconds = 25)
    {
        // The connection begins with the first read of its notices.
        var connecting = NextAsync<ServiceSaid>();
        var socket = await _service.SocketAsync();
        await socket.GreetAsync(heartbeatSeconds);
        Assert.IsType<Connected>((await connecting).Event);
        Assert.Equal(ConnectionState.Connected, _live.State);
        return socket;
    }

    private async Task<T> NextAsync<T>()
        where T : LiveNotice
    {
        while (await _notices.MoveNextAsync())
        {
            if (_notices.Current is T notice)
                return notice;
        }

        throw new InvalidOperationException("The connection has ended.");
    }

    private static MessageDelta Delta(int attempt, int offset, string delta) =>
        new() { JobId = "job", ConversationId = "c", Attempt = attempt, Offset = offset, Delta = delta };
}
