using System.Net;
using System.Net.Sockets;

namespace CloudIa.TestEngines;

/// <summary>
/// Ports below the range from which the system takes those of outgoing connections, so that a server which
/// is killed and started again finds its port still free. Each is given once, from blocks that no other run of
/// tests on this machine has.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Count = 1_000;
    private const int Blocks = 10;
    private static readonly Lock Gate = new();
    private static readonly List<FileStream> Held = [];
    private static int _begin;
    private static int _next = Count;

    public static int Next()
    {
        lock (Gate)
        {
            for (var tries = 0; tries < Count; tries++)
            {
                if (_next == Count) (_begin, _next) = (Hold(), 0);
                var port = _begin + _next++;

                // It does not listen: a process that is started just now holds a copy of this for a moment, and whoever was given the port could not.
                using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                    return port;
                }
                catch (SocketException)
                {
                    // Somebody else's: the next one.
                }
            }
        }

        throw new InvalidOperationException($"No free port from {First} to {First + (Blocks * Count) - 1}.");
    }

    /// <summary>Another block, whose lock is held for as long as this process lives.</summary>
    private static int Hold()
    {
        var from = Random.Shared.Next(Blocks);
        for (var i = 0; i < Blocks; i++)
        {
            var block = (from + i) % Blocks;
            try
            {
                var file = Path.Combine(Path.GetTempPath(), $"cloudia-ports-{block}.lock");
                Held.Add(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
                return First + (block * Count);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another run's: the next one.
            }
        }

        return First + (from * Count);
    }
}
