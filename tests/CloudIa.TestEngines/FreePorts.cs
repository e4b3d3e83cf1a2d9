using System.Net;
using System.Net.Sockets;

namespace CloudIa.TestEngines;

/// <summary>
/// Ports below the range from which the system takes those of outgoing connections, so that a server which
/// is killed and started again finds its port still free. Each is given once, from a block that no other run of
/// tests on this machine has.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Count = 1_000;
    private const int Blocks = 10;
    private static readonly (int Begin, FileStream? Lock) Mine = Hold();
    private static int _next;

    public static int Next()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = Mine.Begin + (Interlocked.Increment(ref _next) & int.MaxValue) % Count;
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

        throw new InvalidOperationException($"No free port from {Mine.Begin} to {Mine.Begin + Count - 1}.");
    }

    /// <summary>The lock is held for as long as this process lives.</summary>
    private static (int Begin, FileStream? Lock) Hold()
    {
        var from = Random.Shared.Next(Blocks);
        for (var i = 0; i < Blocks; i++)
        {
            var block = (from + i) % Blocks;
            try
            {
                var file = Path.Combine(Path.GetTempPath(), $"cloudia-ports-{block}.lock");
                return (First + (block * Count), new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another run's: the next one.
            }
        }

        return (First + (from * Count), null);
    }
}
