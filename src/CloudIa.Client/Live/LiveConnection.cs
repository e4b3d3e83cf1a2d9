using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using CloudIa.Client.Answers;
using CloudIa.Protocol;

namespace CloudIa.Client.Live;

/// <summary>
/// A connection to the service that is always there or on its way: it reconnects by itself and goes on with
/// every unfinished answer from where it stood, so that a reader sees each answer whole and no text twice.
/// Events of all the owner's jobs arrive, whoever posted them.
/// </summary>
public sealed class LiveConnection
{
    private readonly Func<CancellationToken, Task<WebSocket>> _dial;
    private readonly Func<CancellationToken, Task<string>>? _renew;
    private readonly LiveOptions _options;
    private readonly TimeProvider _time;
    private readonly FollowedAnswers _followed = new();
    private readonly Channel<LiveNotice> _notices;
    private volatile LiveSocket? _socket;

    /// <summary>Nothing is opened before <see cref="RunAsync"/>.</summary>
    /// <param name="service">The service's root, http or https, ending in a slash.</param>
    /// <param name="token">The session's bearer token, asked for at each connection; null in browsers.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="time">Null: the system's clock.</param>
    /// <param name="renew">
    /// Carries the session on and returns its new token (<see cref="CloudIaClient.CreateSessionAsync"/>): asked before the
    /// session ends, and when it has. Null: a session that ends, ends the connection.
    /// </param>
    public LiveConnection(
        Uri service,
        Func<string?> token,
        LiveOptions? options = null,
        TimeProvider? time = null,
        Func<CancellationToken, Task<string>>? renew = null)
        : this(new SocketDialer(service, token).DialAsync, options, time, renew)
    {
    }

    internal LiveConnection(
        Func<CancellationToken, Task<WebSocket>> dial, LiveOptions? options, TimeProvider? time, Func<CancellationToken, Task<string>>? renew = null)
    {
        _dial = dial;
        _renew = renew;
        _options = options ?? new LiveOptions();
        _time = time ?? TimeProvider.System;
        _notices = Channel.CreateBounded<LiveNotice>(new BoundedChannelOptions(_options.NoticesWaiting)
        {
            SingleReader = true,
        });
    }

    /// <summary>How the connection stands.</summary>
    public ConnectionState State { get; private set; } = ConnectionState.Connecting;

    /// <summary>
    /// Sees to it that an answer reaches its end here: it is resumed now, at every new connection, and whenever
    /// it falls silent. For a job that this client has just posted, or found unfinished in the history.
    /// </summary>
    /// <returns>The answer to show: the given one, or the one that is followed for its job already.</returns>
    public Answer Follow(Answer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var followed = _followed.Add(answer, out var added);
        if (added)
            Resume([FollowedAnswers.PointOf(followed)]);
        return followed;
    }

    /// <summary>
    /// Connects, and yields what there is to tell, until <paramref name="cancel"/>. May be enumerated once.
    /// </summary>
    /// <exception cref="CloudIaException">The service refuses the session; trying again would not help.</exception>
    public async IAsyncEnumerable<LiveNotice> RunAsync([EnumeratorCancellation] CancellationToken cancel = default)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var keeping = KeepConnectedAsync(leaving.Token);
        try
        {
            await foreach (var notice in _notices.Reader.ReadAllAsync(cancel))
                yield return notice;
        }
        finally
        {
            await leaving.CancelAsync();
            await keeping;
        }
    }

    /// <summary>Whether an exception says no more than that a connection was lost or never made.</summary>
    internal static bool IsLoss(Exception error) => error
        is WebSocketException or HttpRequestException or IOException
        or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    private async Task KeepConnectedAsync(CancellationToken cancel)
    {
        Exception? refusal = null;
        try
        {
            var failures = 0;
            while (!cancel.IsCancellationRequested)
            {
                var began = _time.GetTimestamp();
                var code = await ConnectAsync(cancel);
                failures = _time.GetElapsedTime(began) >= _options.StableAfter ? 1 : failures + 1;
                if (code == CloseCode.SessionExpired && _renew is not null)
                    await RenewAsync(_renew, cancel);

                // Whom the service sends away on purpose it takes back at once; but not again and again.
                var pause = IsInvitation(code) && failures == 1
                    ? TimeSpan.Zero
                    : _options.Backoff.Pause(failures, Random.Shared.NextDouble());
                await TellAsync(ConnectionState.Waiting, pause, cancel);
                await Task.Delay(pause, _time, cancel);
            }
        }
        catch (Exception error) when (cancel.IsCancellationRequested && IsLoss(error))
        {
            // The reader left, maybe while the connection was being lost.
        }
        catch (CloudIaException error)
        {
            refusal = error;
        }

        _notices.Writer.TryComplete(refusal);
    }

    private static bool IsInvitation(int? code) =>
        code is CloseCode.GoingAway or CloseCode.SlowReader or CloseCode.Idle or CloseCode.SessionExpired;

    /// <summary>The session has ended here. A refusal ends the connection; a service that is away is asked by the next try.</summary>
    private static async Task RenewAsync(Func<CancellationToken, Task<string>> renew, CancellationToken cancel)
    {
        try
        {
            await renew(cancel);
        }
        catch (CloudIaException away) when (!away.NeedsSession)
        {
            // The handshake will say whether another tab has renewed the session meanwhile.
        }
    }

    /// <summary>Returns when the connection is lost or could not be made: the close frame's code, where there was one.</summary>
    private async Task<int?> ConnectAsync(CancellationToken cancel)
    {
        await TellAsync(ConnectionState.Connecting, null, cancel);
        LiveSocket? open = null;
        try
        {
            using var patience = new CancellationTokenSource(_options.ConnectTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
            using var socket = open = new LiveSocket(await _dial(either.Token), _options, _time);
            if (await socket.GreetAsync(either.Token) is not { } greeting)
                return socket.CloseCode;

            await TellAsync(ConnectionState.Connected, null, cancel);
            await ReceiveAsync(new ServiceSaid(greeting), cancel);

            // From here on Follow sends for itself; what it followed before is in the list below.
            _socket = socket;
            Resume(_followed.All());
            await socket.RunAsync(
                TimeSpan.FromSeconds(greeting.HeartbeatSeconds),
                happened =>
                {
                    if (happened is SessionExpiring && _renew is not null)
                        socket.SendLater(RefreshAsync);
                    return ReceiveAsync(happened, cancel);
                },
                () => Resume(_followed.Silent()),
                cancel);
        }
        catch (Exception lost) when (IsLoss(lost) && !cancel.IsCancellationRequested)
        {
            // The loop goes on; its reader is told by the state.
        }
        finally
        {
            _socket = null;
        }

        return open?.CloseCode;
    }

    private async Task<ClientFrame?> RefreshAsync(CancellationToken cancel)
    {
        try
        {
            return new ClientFrame { Action = "refresh", Token = await _renew!(cancel) };
        }
        catch (CloudIaException)
        {
            // Asked again when the session has ended.
            return null;
        }
    }

    private ValueTask ReceiveAsync(ServerEvent happened, CancellationToken cancel)
    {
        var folded = _followed.Fold(happened, out var missing);
        if (missing is not null)
            Resume([missing]);

        return folded switch
        {
            null => ReceiveAsync(new ServiceSaid(happened), cancel),
            _ when happened is Accepted => ReceiveAsync(new ServiceSaid(happened), cancel),
            (_, FoldOutcome.Ignored or FoldOutcome.Gap) => ValueTask.CompletedTask,
            var (answer, outcome) => ReceiveAsync(new AnswerChanged(answer, outcome, happened), cancel),
        };
    }

    private ValueTask ReceiveAsync(LiveNotice notice, CancellationToken cancel) =>
        _notices.Writer.WriteAsync(notice, cancel);

    private void Resume(IReadOnlyList<ResumePoint> points)
    {
        if (points.Count > 0)
            _socket?.Send(new ClientFrame { Action = "resume", Jobs = points });
    }

    private ValueTask TellAsync(ConnectionState state, TimeSpan? retryIn, CancellationToken cancel)
    {
        State = state;
        return _notices.Writer.WriteAsync(new ConnectionChanged(state, retryIn), cancel);
    }
}
