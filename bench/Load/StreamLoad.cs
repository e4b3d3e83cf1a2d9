using System.Diagnostics;
using System.Net.Sockets;

namespace CloudIa.Bench.Load;

/// <summary>
/// The load of row 5: each client asks for one answer after the other, with a short pause between, as people at a chat
/// do; the clients begin spread over one answer's time, so that requests do not come all at once.
/// </summary>
internal static class StreamLoad
{
    /// <summary>Between the end of an answer and the next request: longer than a server needs to put the answer away.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static async Task<LoadResult> RunAsync(
        IReadOnlyList<IStreamClient> clients, TimeSpan duration, TimeSpan answer, CancellationToken cancellation)
    {
        using var overdue = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        overdue.CancelAfter(duration + Patience);
        await using var closing = overdue.Token.Register(() =>
        {
            foreach (var client in clients)
                client.Dispose();
        });

        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var ticks = clients.Select(_ => new List<long>()).ToArray();
        var errors = await Task.WhenAll(clients.Select((client, i) =>
            LoopAsync(client, answer * i / clients.Count, end, ticks[i], overdue.Token)));
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        return new LoadResult(
            Stopwatch.GetElapsedTime(start),
            new Latencies(ticks.SelectMany(times => times)),
            errors.Count(error => error is not null),
            errors.FirstOrDefault(error => error is not null));
    }

    private static async Task<string?> LoopAsync(IStreamClient client, TimeSpan wait, long end, List<long> ticks, CancellationToken cancellation)
    {
        try
        {
            await Task.Delay(wait, TimeProvider.System, cancellation);
            while (Stopwatch.GetTimestamp() < end)
            {
                ticks.Add(await client.StreamOnceAsync());
                await Task.Delay(Pause, TimeProvider.System, cancellation);
            }

            return null;
        }
        catch (Exception broken) when (broken is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            return broken.Message;
        }
    }
}
