using System.Diagnostics;
using System.Net.Sockets;

namespace CloudIa.Bench.Load;

/// <summary>What streams of deltas came to, in the time between the warm-up and the end.</summary>
/// <param name="Elapsed">That time.</param>
/// <param name="Chunks">The model's chunks that arrived.</param>
/// <param name="Frames">The messages that they arrived in.</param>
/// <param name="Bytes">Of those messages.</param>
/// <param name="Latencies">From the model's sending of a chunk to its arrival.</param>
/// <param name="FirstLatencies">The same, of each answer's first chunk.</param>
internal sealed record DeltaResult(
    TimeSpan Elapsed, int Chunks, int Frames, long Bytes, Latencies Latencies, Latencies FirstLatencies, int Errors, string? FirstError)
{
    public double ChunksPerSecond => Chunks / Elapsed.TotalSeconds;
}

/// <summary>
/// The load of the delta rows: each client asks for one answer after the other on its own socket and reads the time at
/// which the model sent each chunk out of the text.
/// </summary>
internal static class DeltaLoad
{
    private const string Ask = """{"action":"chat","message":"Olá, IA!"}""";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="port">Our server's.</param>
    /// <param name="tokens">One client each.</param>
    /// <param name="spread">The clients begin spread over this time.</param>
    public static async Task<DeltaResult> RunAsync(
        int port, IReadOnlyList<string> tokens, TimeSpan spread, TimeSpan warmup, TimeSpan duration, CancellationToken cancellation)
    {
        var clients = new List<SocketClient>();
        using var overdue = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        overdue.CancelAfter(warmup + duration + Patience);
        await using var closing = overdue.Token.Register(() => clients.ForEach(client => client.Dispose()));
        try
        {
            foreach (var token in tokens)
                clients.Add(await SocketClient.OpenAsync(port, token, overdue.Token));
            var from = Stopwatch.GetTimestamp() + Ticks(warmup);
            var to = from + Ticks(duration);
            var loops = clients.Select(client => new Loop(client, from, to)).ToList();
            await Task.WhenAll(loops.Select((loop, i) => loop.RunAsync(spread * i / loops.Count, overdue.Token)));
            await Task.Yield();
            return new DeltaResult(
                duration,
                loops.Sum(loop => loop.Times.Count),
                loops.Sum(loop => loop.Frames),
                loops.Sum(loop => loop.Bytes),
                new Latencies(loops.SelectMany(loop => loop.Times)),
                new Latencies(loops.SelectMany(loop => loop.Firsts)),
                loops.Count(loop => loop.Error is not null),
                loops.Select(loop => loop.Error).FirstOrDefault(error => error is not null));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private sealed class Loop(SocketClient client, long from, long to)
    {
        public List<long> Times { get; } = new(16 * 1024);

        public List<long> Firsts { get; } = [];

        public int Frames { get; private set; }

        public long Bytes { get; private set; }

        public string? Error { get; private set; }

        public async Task RunAsync(TimeSpan wait, CancellationToken cancellation)
        {
            try
            {
                await Task.Delay(wait, TimeProvider.System, cancellation);
                while (Stopwatch.GetTimestamp() < to)
                {
                    await client.SendAsync(Ask);
                    var first = true;
                    await client.ReadAnswerAsync((frame, now) =>
                    {
                        if (now >= from && now < to)
                            Take(frame.Span, now, first);
                        first = false;
                    });
                }
            }
            catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
            {
                Error = broken.Message;
            }
        }

        private void Take(ReadOnlySpan<byte> frame, long now, bool first)
        {
            Frames++;
            Bytes += frame.Length;
            foreach (var sent in Stamps.In(frame))
            {
                Times.Add(now - sent);
                if (first)
                    Firsts.Add(now - sent);
                first = false;
            }
        }
    }
}
