using System.Net.WebSockets;
using System.Text.Json;
using System.Threading.Channels;
using CloudIa.Protocol;

namespace CloudIa.Client.Live;

/// <summary>
/// One socket from its greeting to its end. One loop reads, one writes (a socket takes one send at a time), one
/// keeps the heartbeat; when any of them ends, the socket is over.
/// </summary>
internal sealed class LiveSocket(WebSocket socket, LiveOptions options, TimeProvider time) : IDisposable
{
    private readonly FrameReader _frames = new(socket, options.LargestFrame);

    // Small frames, at most one a followed answer and heartbeat: bounded by what is followed.
    private readonly Channel<ClientFrame> _outgoing =
        Channel.CreateUnbounded<ClientFrame>(new UnboundedChannelOptions { SingleReader = true });

    private Task _later = Task.CompletedTask;
    private CancellationToken _over;
    private long _heard;

    /// <summary>The code that the service closed with; null where it did not.</summary>
    public int? CloseCode { get; private set; }

    /// <summary>Sends a frame as soon as the socket is free; lost where the socket ends first.</summary>
    public void Send(ClientFrame frame) => _outgoing.Writer.TryWrite(frame);

    /// <summary>Sends what is still to be made, one at a time; given up when the socket ends. From within the receiver only.</summary>
    public void SendLater(Func<CancellationToken, Task<ClientFrame?>> make)
    {
        if (_later.IsCompleted)
            _later = LaterAsync(make, _over);
    }

    /// <summary>Waits for the greeting.</summary>
    /// <returns>Null where the socket ended or said something else first.</returns>
    public async Task<Connected?> GreetAsync(CancellationToken cancel) => await ReadAsync(cancel) as Connected;

    /// <summary>Returns when the socket is over, for whatever reason but cancellation.</summary>
    /// <param name="heartbeat">How often to ping; not positive: never.</param>
    /// <param name="receive">Takes each event in; slow: the socket waits.</param>
    /// <param name="beat">Called at each heartbeat, for frames to go along with the ping.</param>
    /// <param name="cancel">Says goodbye and throws.</param>
    public async Task RunAsync(
        TimeSpan heartbeat, Func<ServerEvent, ValueTask> receive, Action beat, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _over = over.Token;
        Task[] loops = [ReadAllAsync(receive, over.Token), WriteAllAsync(over.Token), BeatAsync(heartbeat, beat, over.Token)];
        try
        {
            // Await the winner as well: the error of a consumer must not pass for a lost connection.
            await await Task.WhenAny(loops);
        }
        finally
        {
            if (cancel.IsCancellationRequested || socket.State == WebSocketState.CloseReceived)
                await SayGoodbyeAsync();
            await over.CancelAsync();
            socket.Abort();
            await Task.WhenAll([.. loops, _later]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    public void Dispose() => socket.Dispose();

    private async Task ReadAllAsync(Func<ServerEvent, ValueTask> receive, CancellationToken cancel)
    {
        while (await _frames.ReadAsync(cancel) is { } frame)
        {
            Volatile.Write(ref _heard, time.GetTimestamp());
            if (Parse(frame) is { } happened)
                await receive(happened);
        }

        CloseCode = (int?)socket.CloseStatus;
    }

    private async Task WriteAllAsync(CancellationToken cancel)
    {
        await foreach (var frame in _outgoing.Reader.ReadAllAsync(cancel))
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(frame, ProtocolJson.Default.ClientFrame);
            await socket.SendAsync(json, WebSocketMessageType.Text, endOfMessage: true, cancel);
        }
    }

    private async Task BeatAsync(TimeSpan heartbeat, Action beat, CancellationToken cancel)
    {
        if (heartbeat <= TimeSpan.Zero)
            heartbeat = Timeout.InfiniteTimeSpan;
        while (true)
        {
            await Task.Delay(heartbeat, time, cancel);
            var pinged = time.GetTimestamp();
            Send(new ClientFrame { Action = "ping" });
            beat();
            await Task.Delay(options.PongTimeout, time, cancel);
            if (Volatile.Read(ref _heard) < pinged)
                return;
        }
    }

    private async Task LaterAsync(Func<CancellationToken, Task<ClientFrame?>> make, CancellationToken cancel)
    {
        if (await make(cancel) is { } frame)
            Send(frame);
    }

    private async Task<ServerEvent?> ReadAsync(CancellationToken cancel)
    {
        if (await _frames.ReadAsync(cancel) is { } frame)
            return Parse(frame);
        CloseCode = (int?)socket.CloseStatus;
        return null;
    }

    private static ServerEvent? Parse(ReadOnlyMemory<byte> frame)
    {
        try
        {
            return JsonSerializer.Deserialize(frame.Span, ProtocolJson.Default.ServerEvent);
        }
        catch (Exception unknown) when (unknown is JsonException or NotSupportedException)
        {
            // An event of a newer service. What it brings to an answer is asked for when it is missed.
            return null;
        }
    }

    private async Task SayGoodbyeAsync()
    {
        try
        {
            using var patience = new CancellationTokenSource(options.CloseTimeout, time);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
        }
        catch (Exception gone) when (LiveConnection.IsLoss(gone))
        {
            // It is closed either way.
        }
    }
}
