using System.Buffers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>How a socket is opened.</summary>
internal sealed record SocketOptions
{
    public string Path { get; init; } = "/ws";

    public string? Token { get; init; }

    public string? Origin { get; init; }

    /// <summary>The name by which the server is called; null: that of its address.</summary>
    public string? Host { get; init; }

    /// <summary>The language that errors are told in; null: none is asked for.</summary>
    public string? AcceptLanguage { get; init; }

    /// <summary>What the client holds from earlier sockets.</summary>
    public HeldAnswers Held { get; init; } = new();

    /// <summary>Where every frame is written down, under this owner's name.</summary>
    public HistoryRecorder? Recorder { get; init; }

    public string Owner { get; init; } = "";

    public Func<string> ServerLog { get; init; } = () => "";
}

/// <summary>A bare WebSocket, as any program would open one: keeps every frame and folds the text by position.</summary>
internal sealed class PlainSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly SocketOptions _options;
    private readonly int _connection;
    private readonly Lock _lock = new();
    private readonly List<ServerEvent> _events = [];
    private readonly List<string> _frames = [];
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _reading = Task.CompletedTask;
    private string? _ended;
    private string? _illegible;

    private PlainSocket(SocketOptions options)
    {
        _options = options;
        _connection = options.Recorder?.Connect(options.Owner) ?? 0;
        if (options.Token is { } token) _socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        if (options.Origin is { } origin) _socket.Options.SetRequestHeader("Origin", origin);
        if (options.Host is { } host) _socket.Options.SetRequestHeader("Host", host);
        if (options.AcceptLanguage is { } language) _socket.Options.SetRequestHeader("Accept-Language", language);
        _socket.Options.CollectHttpResponseDetails = true;
    }

    /// <summary>Every frame as it came.</summary>
    public IReadOnlyList<string> Frames
    {
        get
        {
            lock (_lock) return [.. _frames];
        }
    }

    public IReadOnlyList<ServerEvent> Events
    {
        get
        {
            lock (_lock) return [.. _events];
        }
    }

    /// <summary>Ends, without an exception, when the socket does, for whatever reason.</summary>
    public Task Closed => _reading;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    /// <summary>A frame that was no event, if one came.</summary>
    public string? Illegible => _illegible;

    public Connected Hello => (Connected)Events[0];

    /// <summary>Opens and waits for the first frame, which must be <c>connected</c>.</summary>
    public static async Task<PlainSocket> Open(Uri server, SocketOptions? options = null)
    {
        var socket = new PlainSocket(options ?? new SocketOptions());
        try
        {
            await socket.Connect(server);
            var first = await socket.Wait<ServerEvent>(_ => true, "the first frame");
            Assert.IsType<Connected>(first);
            return socket;
        }
        catch
        {
            await socket.DisposeAsync();
            throw;
        }
    }

    /// <summary>The HTTP status of a handshake that is expected to be refused.</summary>
    public static async Task<int> Refusal(Uri server, SocketOptions options)
    {
        await using var socket = new PlainSocket(options);
        await Assert.ThrowsAsync<WebSocketException>(() => socket.Connect(server));
        return (int)socket._socket.HttpStatusCode;
    }

    public Task SendText(string text) => Send(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text);

    public Task SendBytes(byte[] bytes, WebSocketMessageType type) => Send(bytes, type);

    public Task Chat(string message, string? conversationId = null, string? clientId = null, WhenBusy? whenBusy = null) =>
        SendText(JsonSerializer.Serialize(
            new ClientFrame { Action = "chat", Message = message, ConversationId = conversationId, ClientId = clientId, WhenBusy = whenBusy },
            ProtocolJson.Default.ClientFrame));

    /// <summary>Goes on with every answer that is held and has not ended.</summary>
    /// <param name="invent">Names places that are not what is held; null: the truth.</param>
    public async Task Resume(Func<ResumePoint, ResumePoint>? invent = null)
    {
        var points = _options.Held.Open().Select(point => invent?.Invoke(point) ?? point).ToList();
        if (points.Count == 0) return;
        foreach (var point in points) _options.Recorder?.Resumed(_options.Owner, _connection, point, invent is not null);
        await SendText(JsonSerializer.Serialize(
            new ClientFrame { Action = "resume", Jobs = points },
            ProtocolJson.Default.ClientFrame));
    }

    /// <summary>Says that it leaves, and waits for the server's own close frame.</summary>
    public async Task SayGoodbye()
    {
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, TestContext.Current.CancellationToken);
        await Patience.For(Closed, "the server's close frame", Seen);
    }

    /// <summary>The first event that fits, of those that came and those that will; from the one with number <paramref name="from"/>.</summary>
    public async Task<T> Wait<T>(Func<T, bool> fits, string what, int from = 0, TimeSpan? within = null)
        where T : ServerEvent
    {
        return await Patience.For(Search(), $"{what} on a socket", Seen, within);

        async Task<T> Search()
        {
            while (true)
            {
                Task more;
                lock (_lock)
                {
                    if (_events.Skip(from).OfType<T>().FirstOrDefault(fits) is { } found) return found;
                    if (_ended is { } how)
                    {
                        throw new InvalidOperationException($"{how} before {what}.{Environment.NewLine}{Seen()}");
                    }

                    more = _more.Task;
                }

                await more.WaitAsync(_stop.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _socket.Abort();
        await _reading;
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task Connect(Uri server)
    {
        var address = new UriBuilder(new Uri(server, _options.Path)) { Scheme = "ws" };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience.Usual);
        await _socket.ConnectAsync(address.Uri, limit.Token);
        _reading = Task.Run(Read);
    }

    private async Task Send(byte[] bytes, WebSocketMessageType type) =>
        await _socket.SendAsync(bytes, type, endOfMessage: true, TestContext.Current.CancellationToken);

    private async Task Read()
    {
        var buffer = new byte[16 * 1024];
        var message = new ArrayBufferWriter<byte>();
        var how = "The socket closed";
        try
        {
            while (true)
            {
                var part = await _socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
                if (part.MessageType == WebSocketMessageType.Close) break;
                message.Write(buffer.AsSpan(0, part.Count));
                if (!part.EndOfMessage) continue;
                Take(Encoding.UTF8.GetString(message.WrittenSpan));
                message.ResetWrittenCount();
            }
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The end of the socket is an event like others: whoever waits for more is told below.
        }
        catch (JsonException error)
        {
            how = _illegible = $"A frame came that is no event ({error.Message}): {Encoding.UTF8.GetString(message.WrittenSpan)}";
        }

        lock (_lock) _ended = how;
        Signal();
    }

    private void Take(string frame)
    {
        var received = JsonSerializer.Deserialize(frame, ProtocolJson.Default.ServerEvent)
            ?? throw new InvalidOperationException($"A frame that is null: {frame}");
        _options.Held.Take(received);
        _options.Recorder?.Heard(_options.Owner, _connection, received);
        lock (_lock)
        {
            _frames.Add(frame);
            _events.Add(received);
        }

        Signal();
    }

    private void Signal()
    {
        TaskCompletionSource before;
        lock (_lock)
        {
            before = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        before.SetResult();
    }

    private string Seen() => string.Join(
        Environment.NewLine,
        ["The socket had:", .. Frames.TakeLast(30).Select(frame => frame.Length > 300 ? frame[..300] + "…" : frame), _options.ServerLog()]);
}
