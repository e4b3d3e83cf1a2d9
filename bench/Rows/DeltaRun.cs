using System.Globalization;
using CloudIa.Bench.Load;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>What the delta rows have in common: a fresh server of ours in front of the paced model, and streams of its answers.</summary>
/// <param name="Model">The path of the paced model's endpoint.</param>
/// <param name="Streams">Clients, each with its own session and socket.</param>
/// <param name="CoalesceMilliseconds">Our server's, from the first delta to the last; null: its defaults.</param>
internal sealed record DeltaRun(string Model, int Streams, int? CoalesceMilliseconds)
{
    public Task<ServerProcess> StartAsync(string program, ServerProcess model, CancellationToken cancellation)
    {
        (string, string)[] more = CoalesceMilliseconds is { } milliseconds
            ? [
                ("CLOUDIA__GATEWAY__COALESCEMILLISECONDS", milliseconds.ToString(CultureInfo.InvariantCulture)),
                ("CLOUDIA__GATEWAY__STEADYCOALESCEMILLISECONDS", milliseconds.ToString(CultureInfo.InvariantCulture)),
            ]
            : [];
        return OurServer.StartReadyAsync(program, Math.Max(8, 2 * Streams), cancellation, new Uri($"http://127.0.0.1:{model.Port}{Model}"), more);
    }

    public async Task<DeltaResult> RunAsync(
        BenchSettings settings, string program, ServerProcess model, TimeSpan spread, CancellationToken cancellation)
    {
        await using var server = await StartAsync(program, model, cancellation);
        var tokens = await Sessions.OpenAsync(server.Port, Streams, cancellation);
        var before = server.ProcessorTime();
        var result = await DeltaLoad.RunAsync(server.Port, tokens, spread, settings.Warmup, settings.Duration, cancellation);
        var processor = (server.ProcessorTime() - before) * (settings.Duration / (settings.Duration + settings.Warmup));
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"  {Streams} streams, coalesced {CoalesceMilliseconds?.ToString(CultureInfo.InvariantCulture) ?? "by default"}: {result.ChunksPerSecond:0} chunks/s in {result.Frames / result.Elapsed.TotalSeconds:0} frames/s, "
            + $"p50 {result.Latencies.Percentile(50):0.000} ms, p99 {result.Latencies.Percentile(99):0.00} ms, about {processor.TotalMicroseconds / Math.Max(1, result.Chunks):0.0} µs of processor a chunk, {result.Errors} errors {result.FirstError}"));
        return result;
    }
}
