using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CloudIa.Bench.Load;

namespace CloudIa.Bench.Servers;

/// <summary>One server under measurement, in its own process; killed and its data removed on disposal.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string? _ownedFolder;
    private readonly Queue<string> _lastLines = new();

    private ServerProcess(Process process, int port, string? ownedFolder)
    {
        (_process, Port, _ownedFolder) = (process, port, ownedFolder);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; }

    /// <summary>Starts the program and returns at once; <see cref="WaitUntilReadyAsync"/> comes next.</summary>
    /// <param name="ownedFolder">Removed when the server is disposed of; null where the caller keeps it.</param>
    public static ServerProcess Start(ProcessStartInfo start, int port, string? ownedFolder)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        // What the load generator set for itself would change the servers.
        start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS");
        start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT");
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        return new ServerProcess(process, port, ownedFolder);
    }

    public static int FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    /// <summary>Asks <c>GET /health/ready</c> until it is answered 200.</summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        var request = HttpRequests.Get("/health/ready");
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < StartLimit;)
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"The server ended with {_process.ExitCode}:\n{LastLines()}");

            try
            {
                using var connection = await HttpConnection.OpenAsync(Port, cancellation);
                if ((await connection.SendAsync(request)).Status == 200)
                    return;
            }
            catch (Exception notYet) when (notYet is SocketException or IOException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation);
        }

        throw new InvalidOperationException($"The server was not ready within {StartLimit.TotalSeconds} s:\n{LastLines()}");
    }

    /// <summary>VmRSS of the process in KiB.</summary>
    public long ResidentKilobytes()
    {
        var line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(6, line.Length - 8), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }

    /// <summary>The time of processor that the process took since its start.</summary>
    public TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (_ownedFolder is not null)
            Directory.Delete(_ownedFolder, recursive: true);
    }

    private void Keep(string? line)
    {
        lock (_lastLines)
        {
            if (line is not null)
                _lastLines.Enqueue(line);
            if (_lastLines.Count > 20)
                _lastLines.Dequeue();
        }
    }

    private string LastLines()
    {
        lock (_lastLines)
            return string.Join('\n', _lastLines);
    }
}
