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

    /// <summary>Sockets that the server has closed meanwhile.</summary>
    public int CountClosed() => _connections.Count(connection =>
        connection.Socket.Poll(0, SelectMode.SelectRead) && connection.Socket.Available == 0);

    public void Dispose()
    {
        foreach (var connection in _connections)
            connection.Dispose();
    }
}
