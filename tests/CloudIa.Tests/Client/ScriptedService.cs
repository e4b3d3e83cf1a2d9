using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CloudIa.Tests.Client;

/// <summary>A server on loopback that does what the test says: real HTTP and real sockets, no service behind.</summary>
internal sealed class ScriptedService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<ServerSocket> _sockets = Channel.CreateUnbounded<ServerSocket>();
    private readonly ConcurrentBag<ServerSocket> _open = [];

    private ScriptedService(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    /// <summary>Answers every HTTP call that is not a socket.</summary>
    public Func<HttpContext, Task> OnCall { get; set; } = _ => Task.CompletedTask;

    /// <summary>The status that handshakes are refused with; null: they are accepted.</summary>
    public int? RefuseSockets { get; set; }

    public static async Task<ScriptedService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var service = new ScriptedService(builder.Build());
        service._app.UseWebSockets();
        service._app.Run(service.HandleAsync);
        await service._app.StartAsync();
        service.Address = new Uri(service._app.Urls.Single() + "/");
        return service;
    }

    /// <summary>The next socket that a client opens.</summary>
    public async Task<ServerSocket> SocketAsync() => await _sockets.Reader.ReadAsync(TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        // The server would wait for their handlers.
        foreach (var socket in _open)
            socket.Kill();
        return _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await OnCall(context);
        }
        else if (RefuseSockets is { } status)
        {
            context.Response.StatusCode = status;
        }
        else
        {
            var socket = new ServerSocket(await context.WebSockets.AcceptWebSocketAsync());
            _open.Add(socket);
            _sockets.Writer.TryWrite(socket);
            await socket.Over;
        }
    }
}

/// <summary>The server's end of one socket.</summary>
internal sealed class ServerSocket(WebSocket socket)
{
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _buffer = new byte[64 * 1024];

    public Task Over => _over.Task;

    public Task SendAsync(ServerEvent happened) =>
        SendRawAsync(JsonSerializer.Serialize(happened, ProtocolJson.Default.ServerEvent));

    public Task SendRawAsync(string frame) => socket.SendAsync(
        Encoding.UTF8.GetBytes(frame), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    public Task GreetAsync(int heartbeatSeconds = 25) => SendAsync(new Connected
    {
        ConnectionId = "connection",
        ExpiresAt = DateTimeOffset.UnixEpoch,
        HeartbeatSeconds = heartbeatSeconds,
    });

    /// <summary>The client's next frame; null where it has closed.</summary>
    public async Task<ClientFrame?> ReceiveAsync()
    {
        var part = await socket.ReceiveAsync(_buffer, TestContext.Current.CancellationToken);
        return part.MessageType == WebSocketMessageType.Close
            ? null
            : JsonSerializer.Deserialize(_buffer.AsSpan(0, part.Count), ProtocolJson.Default.ClientFrame);
    }

    /// <summary>Says why it closes, and waits for the client to close as well.</summary>
    public async Task CloseAsync(int code)
    {
        await socket.CloseAsync((WebSocketCloseStatus)code, "", TestContext.Current.CancellationToken);
        _over.TrySetResult();
    }

    /// <summary>The connection goes without a word, as when the process is killed.</summary>
    public void Kill()
    {
        socket.Abort();
        _over.TrySetResult();
    }
}
