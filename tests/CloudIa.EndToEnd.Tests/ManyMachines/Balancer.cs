using System.Net;
using System.Net.Sockets;
using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>
/// One address before several servers: each connection goes to the next one that takes it, and ends with it. Shut, it
/// refuses and cuts as a machine does that is gone.
/// </summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly int _port = FreePorts.Next();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _relays = [];
    private int[] _servers;
    private TcpListener? _listener;
    private CancellationTokenSource _open = new();
    private CancellationTokenSource _uncut = new();
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
        _uncut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        _listener = Listen();
        _accepting = AcceptAsync(_listener, _open.Token);
    }

    public async Task ShutAsync()
    {
        await _open.CancelAsync();
        _listener!.Dispose();
        await _accepting;
        await CutAsync();
        _open.Dispose();
    }

    /// <summary>Ends all connections, and takes the next ones.</summary>
    public async Task CutAsync()
    {
        CancellationTokenSource before;
        Task[] relays;
        lock (_lock)
        {
            before = _uncut;
            _uncut = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            relays = [.. _relays];
            _relays.Clear();
        }

        await before.CancelAsync();
        await Task.WhenAll(relays);
        before.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener!.Dispose();
        await _accepting;
        await CutAsync();
        _uncut.Dispose();
        _stop.Dispose();
    }

    /// <summary>
    /// Of a listener that was shut, a process that this one is starting holds a copy until it runs its own program; so long
    /// the port is taken. 67 ms were seen.
    /// </summary>
    private TcpListener Listen()
    {
        for (var until = RunClock.Now + TimeSpan.FromSeconds(30); ;)
        {
            var listener = new TcpListener(IPAddress.Loopback, _port);
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse && RunClock.Now < until)
            {
                listener.Dispose();
                Thread.Yield();
            }
        }
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken shut)
    {
        try
        {
            while (true)
            {
                var client = await TakeAsync(listener, shut);
                lock (_lock)
                {
                    _relays.RemoveAll(relay => relay.IsCompleted);
                    _relays.Add(RelayAsync(client, _uncut.Token));
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Shut.
        }
    }

    /// <summary>The next client; not one that left before it was taken.</summary>
    private static async Task<Socket> TakeAsync(TcpListener listener, CancellationToken shut)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptSocketAsync(shut);
            }
            catch (SocketException) when (!shut.IsCancellationRequested)
            {
                // The next one.
            }
        }
    }

    private async Task RelayAsync(Socket client, CancellationToken cut)
    {
        using (client)
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(cut))
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
