using System.Net;
using System.Net.Sockets;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>
/// One address before several servers: each connection goes to the next one that takes it, and ends with it. Shut, it
/// refuses and cuts as a machine does that is gone.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private int[] _servers;
    private readonly int _port = FreePorts.Next();
    private readonly CancellationTokenSource _stop = new();
    private TcpListener? _listener;
    private CancellationTokenSource _open = new();
    private Task _accepting = Task.CompletedTask;
    private int _next;

    public Balancer(params int[] servers)
    {
        _servers = servers;
        Open();
    }

    public Uri Address => new($"http://127.0.0.1:{_port}");

    /// <summary>New connections go to these.</summary>
    public void Lead(params int[] servers) => Volatile.Write(ref _servers, servers);

    public void Open()
    {
        _open = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        _listener = new TcpListener(IPAddress.Loopback, _port);
        _listener.Start();
        _accepting = AcceptAsync(_listener, _open.Token);
    }

    public async Task ShutAsync()
    {
        await _open.CancelAsync();
        _listener!.Dispose();
        await _accepting;
        _open.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener!.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken shut)
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptSocketAsync(shut);
                relays.RemoveAll(relay => relay.IsCompleted);
                relays.Add(RelayAsync(client, shut));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Shut.
        }

        await Task.WhenAll(relays);
    }

    private async Task RelayAsync(Socket client, CancellationToken shut)
    {
        using (client)
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(shut))
        {
            client.NoDelay = true;
            if (await ConnectAsync(over.Token) is not { } server)
            {
                client.LingerState = new LingerOption(true, 0);
                return;
            }

            using (server)
            {
                await Task.WhenAny(PassAsync(client, server, over.Token), PassAsync(server, client, over.Token));
                await over.CancelAsync();
            }
        }
    }

    private async Task<Socket?> ConnectAsync(CancellationToken over)
    {
        var servers = Volatile.Read(ref _servers);
        for (var tries = 0; tries < servers.Length; tries++)
        {
            var port = servers[(Interlocked.Increment(ref _next) & int.MaxValue) % servers.Length];
            var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, port, over);
                return server;
            }
            catch (Exception error) when (error is SocketException or OperationCanceledException)
            {
                server.Dispose();
            }
        }

        return null;
    }

    private static async Task PassAsync(Socket from, Socket to, CancellationToken over)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None, over) is > 0 and var count)
            {
                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, over);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One of the two is gone; the other is left, too.
        }
    }
}
