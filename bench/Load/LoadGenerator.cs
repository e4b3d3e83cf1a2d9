using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace CloudIa.Bench.Load;

/// <summary>
/// The load of the accept rows: closed loops, one request under way a connection, nothing pipelined. Bounded in time by
/// its duration and in count by <see cref="MostRequests"/>. Every answer's status is checked.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    /// <summary>In one run, all connections together.</summary>
    private const int MostRequests = 2_000_000;

    /// <summary>An answer that takes longer counts as an error.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly List<(HttpConnection Connection, byte[] Request)> _clients = [];

    /// <summary>
    /// Socket completions run where they are found, on the one thread of the socket engine, so that the load takes as
    /// little as it can of the cores it shares with the server. To be called before the process opens a socket.
    /// </summary>
    public static void UseOneThread()
    {
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT", "1");
    }

    /// <summary>Opens a connection for each request; connection i sends request i again and again.</summary>
    public static async Task<LoadGenerator> OpenAsync(int port, IReadOnlyList<byte[]> requests, CancellationToken cancellation)
    {
        var load = new LoadGenerator();
        try
        {
            foreach (var request in requests)
                load._clients.Add((await HttpConnection.OpenAsync(port, cancellation), request));
            return load;
        }
        catch
        {
            load.Dispose();
            throw;
        }
    }

    public async Task<LoadResult> RunAsync(TimeSpan duration, int expectedStatus, CancellationToken cancellation)
    {
        using var overdue = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        overdue.CancelAfter(duration + Patience);
        await using var closing = overdue.Token.Register(Dispose);

        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var loops = _clients.Select(client => new Loop(client.Connection, client.Request, expectedStatus)).ToArray();
        await Task.WhenAll(loops.Select(loop => loop.RunAsync(end, MostRequests / loops.Length)));
        var elapsed = Stopwatch.GetElapsedTime(start);

        // Off the socket engine's thread, which must never wait for anything but sockets.
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        return new LoadResult(
            elapsed,
            new Latencies(loops.SelectMany(loop => loop.Ticks)),
            loops.Sum(loop => loop.Errors),
            loops.Select(loop => loop.FirstError).FirstOrDefault(error => error is not null));
    }

    public void Dispose()
    {
        foreach (var (connection, _) in _clients)
            connection.Dispose();
    }

    private sealed class Loop(HttpConnection connection, byte[] request, int expectedStatus)
    {
        private const int MostErrors = 20;

        public List<long> Ticks { get; } = new(4096);

        public int Errors { get; private set; }

        public string? FirstError { get; private set; }

        public async Task RunAsync(long end, int most)
        {
            try
            {
                var started = Stopwatch.GetTimestamp();
                while (started < end && Ticks.Count < most && Errors < MostErrors)
                {
                    var answer = await connection.SendAsync(request);
                    var ended = Stopwatch.GetTimestamp();
                    if (answer.Status == expectedStatus)
                        Ticks.Add(ended - started);
                    else
                        Fail($"{answer.Status} {Encoding.UTF8.GetString(answer.Body.Span)}");
                    started = ended;
                }
            }
            catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException)
            {
                Fail(broken.Message);
            }
        }

        private void Fail(string error)
        {
            Errors++;
            FirstError ??= error;
        }
    }
}

/// <summary>What a run of load came to.</summary>
internal sealed record LoadResult(TimeSpan Elapsed, Latencies Latencies, int Errors, string? FirstError)
{
    public double PerSecond => Latencies.Count / Elapsed.TotalSeconds;
}
