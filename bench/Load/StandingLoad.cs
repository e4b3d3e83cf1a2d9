using System.Diagnostics;
using System.Net.Sockets;

namespace CloudIa.Bench.Load;

/// <summary>
/// Clients that ask for one answer after the other, each on its own socket, until they are sent away; what they saw of
/// any time meanwhile can be asked for afterwards.
/// </summary>
internal sealed class StandingLoad : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<SocketClient> _clients = [];
    private readonly List<(long At, long Delay)> _chunks = new(1 << 20);
    private readonly List<(long At, string Message)> _errors = [];
    private long _ended = long.MaxValue;

    /// <param name="tokens">One client each.</param>
    /// <param name="spread">The clients begin spread over this time.</param>
    public static async Task<StandingLoad> StartAsync(int port, IReadOnlyList<string> tokens, TimeSpan spread, CancellationToken cancellation)
    {
        var load = new StandingLoad();
        try
        {
            foreach (var token in tokens)
                load._clients.Add(await SocketClient.OpenAsync(port, token, cancellation));
            for (var i = 0; i < tokens.Count; i++)
                _ = load.RunAsync(load._clients[i], spread * i / tokens.Count, cancellation);
            await Task.Yield();
            return load;
        }
        catch
        {
            load.Dispose();
            throw;
        }
    }

    /// <summary>The delays of the chunks that came between two timestamps.</summary>
    public Latencies Between(long from, long to)
    {
        lock (_gate)
            return new Latencies(_chunks.Where(chunk => chunk.At >= from && chunk.At < to).Select(chunk => chunk.Delay));
    }

    /// <summary>What went wrong before the clients were sent away.</summary>
    public IReadOnlyList<string> Errors()
    {
        lock (_gate)
            return [.. _errors.Where(error => error.At < _ended).Select(error => error.Message)];
    }

    public void Dispose()
    {
        lock (_gate)
            _ended = Math.Min(_ended, Stopwatch.GetTimestamp());
        _clients.ForEach(client => client.Dispose());
    }

    private async Task RunAsync(SocketClient client, TimeSpan wait, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(wait, TimeProvider.System, cancellation);
            while (true)
            {
                await client.SendAsync("""{"action":"chat","message":"Olá, IA!"}""");
                await client.ReadAnswerAsync((frame, now) =>
                {
                    lock (_gate)
                    {
                        foreach (var sent in Stamps.In(frame.Span))
                            _chunks.Add((now, now - sent));
                    }
                });
            }
        }
        catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            lock (_gate)
                _errors.Add((Stopwatch.GetTimestamp(), broken.Message));
        }
    }
}
