using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.Protocol;

namespace CloudIa.Tests.Client;

/// <summary>What the live connection does when the service closes it on purpose, or a session nears its end.</summary>
public sealed class LiveConnectionClosesTests : IAsyncLifetime
{
    private readonly WatchedTime _time = new();
    private readonly LiveOptions _options = new();
    private readonly CancellationTokenSource _leaving =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Queue<Func<string>> _renewals = new();
    private ScriptedService _service = null!;
    private LiveConnection _live = null!;
    private IAsyncEnumerator<LiveNotice> _notices = null!;
    private int _renewed;

    public async ValueTask InitializeAsync()
    {
        _service = await ScriptedService.StartAsync();
        _live = new LiveConnection(_service.Address, () => "token", _options, _time, Renew);
        _notices = _live.RunAsync(_leaving.Token).GetAsyncEnumerator(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _leaving.CancelAsync();
        await _notices.DisposeAsync();
        await _service.DisposeAsync();
        _leaving.Dispose();
    }

    [Theory]
    [InlineData(CloseCode.GoingAway)]
    [InlineData(CloseCode.SlowReader)]
    [InlineData(CloseCode.Idle)]
    public async Task Sent_away_it_comes_back_at_once_and_resumes(int code)
    {
        var answer = _live.Follow(new Answer("job", "c"));
        var first = await ConnectAsync();
        await first.ReceiveAsync();
        await first.SendAsync(new MessageDelta { JobId = "job", ConversationId = "c", Attempt = 1, Offset = 0, Delta = "half" });
        await NextAsync<AnswerChanged>();

        var closing = first.CloseAsync(code);
        Assert.Equal(TimeSpan.Zero, (await WaitingAsync()).RetryIn);
        await closing;

        var second = await ConnectAsync();
        Assert.Equal([new ResumePoint("job", 1, 4)], (await second.ReceiveAsync())?.Jobs);
        Assert.Equal("half", answer.Text);
        Assert.Equal(0, _renewed);
    }

    [Fact]
    public async Task Sent_away_again_and_again_it_takes_its_time()
    {
        for (var times = 1; times <= 3; times++)
        {
            var socket = await ConnectAsync();
            var closing = socket.CloseAsync(CloseCode.SlowReader);
            var pause = (await WaitingAsync()).RetryIn!.Value;
            await closing;
            var most = _options.Backoff.First * Math.Pow(2, times - 1);
            Assert.InRange(pause, times == 1 ? TimeSpan.Zero : most / 2, times == 1 ? TimeSpan.Zero : most);
            if (pause > TimeSpan.Zero)
                await _time.PassAsync(pause);
        }
    }

    [Fact]
    public async Task When_the_session_has_ended_it_is_renewed_before_the_next_try()
    {
        _renewals.Enqueue(() => "fresh");
        var first = await ConnectAsync();
        var closing = first.CloseAsync(CloseCode.SessionExpired);
        Assert.Equal(TimeSpan.Zero, (await WaitingAsync()).RetryIn);
        await closing;

        Assert.Equal(1, _renewed);
        await ConnectAsync();
    }

    [Fact]
    public async Task A_session_that_cannot_be_renewed_ends_it_with_the_reason()
    {
        _renewals.Enqueue(() => throw new CloudIaException(ErrorCode.TokenExpired, "ended", null, 401));
        var first = await ConnectAsync();
        var closing = first.CloseAsync(CloseCode.SessionExpired);

        var refused = await Assert.ThrowsAsync<CloudIaException>(WaitingAsync);
        await closing;

        Assert.Equal((true, ErrorCode.TokenExpired), (refused.NeedsSession, refused.Code));
    }

    [Fact]
    public async Task Warned_that_the_session_ends_it_renews_it_and_says_so_on_the_open_socket()
    {
        _renewals.Enqueue(() => throw new CloudIaException(CloudIaException.Unreachable, "away", null));
        _renewals.Enqueue(() => "fresh");
        var socket = await ConnectAsync();

        // One that fails harms nothing; the next word is heeded again.
        await socket.SendAsync(new SessionExpiring { ExpiresAt = DateTimeOffset.UnixEpoch });
        Assert.IsType<SessionExpiring>((await NextAsync<ServiceSaid>()).Event);
        await socket.SendAsync(new SessionExpiring { ExpiresAt = DateTimeOffset.UnixEpoch });
        var refresh = await socket.ReceiveAsync();

        Assert.Equal(("refresh", "fresh"), (refresh?.Action, refresh?.Token));
    }

    private Task<string> Renew(CancellationToken cancel)
    {
        _renewed++;
        return Task.FromResult(_renewals.Dequeue()());
    }

    private async Task<ConnectionChanged> WaitingAsync()
    {
        while (true)
        {
            if (await NextAsync<ConnectionChanged>() is { State: ConnectionState.Waiting } waiting)
                return waiting;
        }
    }

    private async Task<ServerSocket> ConnectAsync()
    {
        // The connection begins with the first read of its notices.
        var connecting = NextAsync<ServiceSaid>();
        var socket = await _service.SocketAsync();
        await socket.GreetAsync();
        Assert.IsType<Connected>((await connecting).Event);
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
}
