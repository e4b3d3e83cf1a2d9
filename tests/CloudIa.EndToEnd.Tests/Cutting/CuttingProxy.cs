using System.Net;
using System.Net.Sockets;

namespace CloudIa.EndToEnd.Tests.Cutting;

/// <summary>Where a connection is cut: after so many bytes of the server's, or of the client's.</summary>
/// <param name="Down">Bytes from the server to the client.</param>
/// <param name="Up">Bytes from the client to the server.</param>
/// <param name="Reset">With a TCP reset, or closed as if all were said.</param>
internal sealed record Cut(long Down, long Up, bool Reset)
{
    /// <summary>A connection that stands.</summary>
    public static readonly Cut Never = new(long.MaxValue, long.MaxValue, false);

    /// <summary>Anywhere: within the handshake, within a frame, behind many, or nowhere.</summary>
    public static Cut Draw(Random random)
    {
        var bytes = random.Next(10) switch
        {
            0 => random.Next(250),
            < 5 => random.Next(250, 1_500),
            < 8 => random.Next(1_500, 8_000),
            _ => long.MaxValue,
        };
        var reset = random.Next(2) == 0;
        return random.Next(8) == 0 ? new Cut(long.MaxValue, random.Next(700), reset) : new Cut(bytes, long.MaxValue, reset);
    }
}

/// <summary>A way to the server that breaks: what goes through it stops at a byte that the test has chosen.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _server;
    private readonly Func<Cut> _next;
    private readonly Task _accepting;
    private int _cuts;

    /// <param name="server">Its port.</param>
    /// <param name="next">Asked once a connection.</param>
    public CuttingProxy(int server, Func<Cut> next)
    {
        (_server, _next) = (server, next);
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = Accept();
    }

    public Uri Address { get; }

    /// <summary>Connections that were cut so far.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task Accept()
    {
        var relays = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                relays.RemoveAll(relay => relay.IsCompleted);
                relays.Add(Relay(client, _next()));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }

        await Task.WhenAll(relays);
    }

    private async Task Relay(Socket client, Cut cut)
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token))
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server, over.Token);
                Task<bool>[] ways = [Pass(server, client, cut.Down, over.Token), Pass(client, server, cut.Up, over.Token)];
                if (await await Task.WhenAny(ways))
                {
                    Interlocked.Increment(ref _cuts);
                    if (cut.Reset) client.LingerState = server.LingerState = new LingerOption(true, 0);
                }

                await over.CancelAsync();
                await Task.WhenAll(ways);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException)
            {
                // The server is away, or one of the two left without a word; the other is left, too.
            }
        }
    }

    /// <summary>True: the limit was reached. False: the sender has said all.</summary>
    private static async Task<bool> Pass(Socket from, Socket to, long limit, CancellationToken over)
    {
        var buffer = new byte[8 * 1024];
        try
        {
            while (limit > 0)
            {
                var count = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit)), SocketFlags.None, over);
                if (count == 0) return false;
                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), SocketFlags.None, over);
                limit -= count;
            }

            return true;
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            return false;
        }
    }
}
