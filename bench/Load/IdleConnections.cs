using System.Net;
using System.Net.Sockets;

namespace CloudIa.Bench.Load;

/// <summary>WebSockets that are opened and then left alone.</summary>
internal sealed class IdleConnections : IDisposable
{
    /// <summary>Of one source address, well below the range of ephemeral ports.</summary>
    private const int PerAddress = 20_000;

    private readonly List<HttpConnection> _connections = [];

    public static async Task<IdleConnections> OpenAsync(int port, int count, CancellationToken cancellation)
    {
        var idle = new IdleConnections();
        try
        {
            var upgrade = HttpRequests.Upgrade("/ws");
            for (var i = 0; i < count; i++)
            {
                // Choosing a port for a bound address is slow in the kernel, so the first address is left to it.
                var source = i < PerAddress ? null : new IPAddress([127, 0, 0, (byte)(1 + (i / PerAddress))]);
                var connection = await HttpConnection.OpenAsync(port, cancellation, source);
                idle._connections.Add(connection);
                var answer = await connection.SendAsync(upgrade);
                if (answer.Status != 101)
                    throw new InvalidOperationException($"Socket {i + 1} was answered {answer.Status}, not 101.");
            }

            await Task.Yield();
            return idle;
        }
        catch
        {
            idle.Dispose();
            throw;
        }
    }

    /// <summary>Each socket sends one ping of the application's, spread evenly over the time; answers are read when the next is sent.</summary>
    public async Task PingAsync(TimeSpan over, CancellationToken cancellation)
    {
        // Masked with 0, which leaves the payload as it is.
        byte[] ping = [0x81, 0x80 | 17, 0, 0, 0, 0, .. """{"action":"ping"}"""u8];
        var answers = new byte[16 * 1024];
        var begun = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < _connections.Count; i++)
        {
            var wait = (over * i / _connections.Count) - TimeProvider.System.GetElapsedTime(begun);
            if (wait > TimeSpan.FromMilliseconds(2))
                await Task.Delay(wait, TimeProvider.System, cancellation);
            var socket = _connections[i].Socket;
            if (socket.Available > 0)
                await socket.ReceiveAsync(answers, SocketFlags.None, cancellation);
            await socket.SendAsync(ping, SocketFlags.None, cancellation);
        }
    }

    /// <summary>Sockets that the server has closed meanwhile.</summary>
    public int CountClosed() => _connections.Count(connection =>
        connection.Socket.Poll(0, SelectMode.SelectRead) && connection.Socket.Available == 0);

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection.Dispose();
    }
}
