using System.Net;
using System.Net.Sockets;

namespace CloudIa.TestEngines;

/// <summary>
/// Ports below the range from which the system takes those of outgoing connections, so that a server which
/// is killed and started again finds its port still free. Each is given once.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Count = 10_000;
    private static int _next = Random.Shared.Next(Count);

    public static int Next()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (Interlocked.Increment(ref _next) & int.MaxValue) % Count;
            using var probe = new TcpListener(IPAddress.Loopback, port);
            try
            {
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody else's: the next one.
            }
        }

        throw new InvalidOperationException($"No free port from {First} to {First + Count - 1}.");
    }
}
