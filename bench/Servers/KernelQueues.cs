using System.Globalization;

namespace CloudIa.Bench.Servers;

/// <summary>What the kernel keeps of a server's sending for clients that have not taken it yet (/proc/net/tcp).</summary>
internal static class KernelQueues
{
    private const string Established = "01";

    /// <summary>Of each open connection to a port of this machine, by the client's address: bytes that were sent and are not confirmed.</summary>
    public static Dictionary<string, long> Of(int port)
    {
        var local = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        var queues = new Dictionary<string, long>();
        foreach (var line in File.ReadLines("/proc/net/tcp").Skip(1))
        {
            // The list changes while it is read: a connection may stand in it twice.
            var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (columns[1].EndsWith(local, StringComparison.Ordinal) && columns[3] == Established)
                queues[columns[2]] = long.Parse(columns[4].AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return queues;
    }

    /// <summary>Connections whose client has taken nothing of what waits for it from one look to the next, nor was given more: their server's sends stand.</summary>
    public static int CountStanding(Dictionary<string, long> before, Dictionary<string, long> now) =>
        now.Count(one => one.Value > 0 && before.GetValueOrDefault(one.Key) == one.Value);
}
