using System.Globalization;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// What the accept rows have in common. A turn of one side is a fresh process on an empty data folder, load to warm it
/// up, then the measurement at each number of connections; the sides take turns, ours first.
/// </summary>
internal static class AcceptComparison
{
    /// <summary>Our server against one of the comparators.</summary>
    public static async Task<AcceptRuns> RunAsync(
        BenchSettings settings, string comparator, IReadOnlyList<int> connections, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        return await RunAsync(
            settings,
            await AcceptSide.OursAsync(settings, cancellation),
            AcceptSide.Comparator(settings, comparator, program),
            connections,
            cancellation);
    }

    public static async Task<AcceptRuns> RunAsync(
        BenchSettings settings, AcceptSide first, AcceptSide second, IReadOnlyList<int> connections, CancellationToken cancellation)
    {
        var runs = new AcceptRuns(connections);
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            await MeasureAsync(settings, first, connections, runs.Ours, cancellation);
            await MeasureAsync(settings, second, connections, runs.Theirs, cancellation);
        }

        return runs;
    }

    /// <summary>The conditions that the table's reader must know.</summary>
    public static string Describe(BenchSettings settings) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(settings.Sessions == SessionUse.Bearer ? "one bearer session a connection" : "no header, so a new session a request")}; "
        + $"our server answers {settings.Workers} job(s) at a time with the demo model beside the load, the others wait; "
        + $"{settings.Duration.TotalSeconds:0.#} s after {settings.Warmup.TotalSeconds:0.#} s of warm-up, a fresh process each time");

    private static async Task MeasureAsync(
        BenchSettings settings, AcceptSide side, IReadOnlyList<int> connections, IReadOnlyList<List<LoadResult>> results, CancellationToken cancellation)
    {
        await using var server = await side.StartAsync(cancellation);
        var requests = await side.RequestsAsync(server.Port, connections.Max(), cancellation);
        using (var warmup = await LoadGenerator.OpenAsync(server.Port, [.. requests.Take(64)], cancellation))
            await warmup.RunAsync(settings.Warmup, 202, cancellation);

        for (var i = 0; i < connections.Count; i++)
        {
            var before = server.ProcessorTime();
            using var load = await LoadGenerator.OpenAsync(server.Port, [.. requests.Take(connections[i])], cancellation);
            var result = await load.RunAsync(settings.Duration, 202, cancellation);
            results[i].Add(result);
            await Console.Error.WriteLineAsync(Progress(side, connections[i], result, server.ProcessorTime() - before));
        }
    }

    private static string Progress(AcceptSide side, int connections, LoadResult result, TimeSpan processor) => string.Create(
        CultureInfo.InvariantCulture,
        $"  {side.Name,-14} {connections,3} connections {result.PerSecond,7:0} /s, p50 {result.Latencies.Percentile(50):0.000} ms, "
        + $"p99 {result.Latencies.Percentile(99):0.00} ms, {processor.TotalMicroseconds / Math.Max(1, result.Latencies.Count):0.0} µs of processor each, {result.Errors} errors");
}
