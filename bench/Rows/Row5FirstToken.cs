using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 5: what our server adds to the time to the first token, against calling the same fake model directly. Ours: from
/// the POST to the first delta on the session's open WebSocket. Direct: from the model's request to its first text.
/// Goals: at 1 stream the p50 adds at most one durable commit (bare Kestrel's p50, row 4's comparator, measured in the
/// same repeat) + 1 ms; at 100 concurrent streams the p99 adds at most 5 ms.
/// </summary>
internal static class Row5FirstToken
{
    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("fake-model", null, cancellation);
        var (ours, direct) = (new List<Measured>(), new List<Measured>());
        var commits = new List<double>();
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            ours.Add(new Measured(
                await OursAsync(settings, program, model, FakeModel.ShortPath, 1, cancellation),
                await OursAsync(settings, program, model, FakeModel.Path, settings.Streams, cancellation)));
            direct.Add(new Measured(
                await DirectAsync(settings, model, FakeModel.ShortPath, 1, cancellation),
                await DirectAsync(settings, model, FakeModel.Path, settings.Streams, cancellation)));
            commits.Add(await CommitAsync(settings, program, cancellation));
            await Console.Error.WriteLineAsync($"  ours {ours[^1]}, direct {direct[^1]}, one commit {commits[^1].ToString("0.000", CultureInfo.InvariantCulture)} ms");
        }

        return new RowResult(
            5,
            "added time to first token",
            [
                Added("1 stream, p50 beyond direct and one commit", run => run.One.Percentile(50), commits, 1),
                Added($"{settings.Streams} streams, p99 beyond direct", run => run.Many.Percentile(99), [.. commits.Select(_ => 0.0)], 5),
            ],
            [
                string.Create(CultureInfo.InvariantCulture, $"one commit: p50 {Spread.Of(commits).Median:0.000} ms; the model's first chunk comes after {FakeModel.FirstChunk.TotalMilliseconds:0} ms, then one each {FakeModel.Pace.TotalMilliseconds:0} ms"),
                "a new conversation a message; the streams are spread evenly, each with its own session and socket",
            ]);

        Figure Added(string name, Func<Measured, double> value, IReadOnlyList<double> allowance, double goal) => new()
        {
            Name = name,
            Unit = "ms",
            Ours = [.. ours.Select(value)],
            Theirs = [.. direct.Select(value)],
            Compared = [.. ours.Select((run, i) => value(run) - value(direct[i]) - allowance[i])],
            Goal = new Goal(Direction.AtMost, goal, "ms"),
            Errors = ours.Concat(direct).Sum(run => run.Errors),
            FirstError = ours.Concat(direct).Select(run => run.FirstError).FirstOrDefault(error => error is not null),
        };
    }

    private static async Task<LoadResult> OursAsync(
        BenchSettings settings, string program, ServerProcess model, string path, int streams, CancellationToken cancellation)
    {
        var endpoint = new Uri($"http://127.0.0.1:{model.Port}{path}");
        // Twice the streams, so that no message waits for a worker.
        await using var server = await OurServer.StartReadyAsync(program, Math.Max(8, 2 * streams), cancellation, endpoint);
        return await LoadAsync(settings, server.Port, streams, 20, cancellation);
    }

    /// <summary>A fresh process is warmed up by many streams, also where one is measured.</summary>
    internal static async Task<LoadResult> LoadAsync(BenchSettings settings, int port, int streams, int warming, CancellationToken cancellation)
    {
        var tokens = await Sessions.OpenAsync(port, Math.Max(streams, warming), cancellation);
        await RunAsync(tokens, token => ChatStream.OpenAsync(port, token, cancellation), settings.Warmup, cancellation);
        return await RunAsync(tokens.Take(streams), token => ChatStream.OpenAsync(port, token, cancellation), settings.Duration, cancellation);
    }

    internal static async Task<LoadResult> DirectAsync(
        BenchSettings settings, ServerProcess model, string path, int streams, CancellationToken cancellation)
    {
        var clients = Enumerable.Repeat(path, streams).ToArray();
        await RunAsync(clients, each => DirectStream.OpenAsync(model.Port, each, cancellation), settings.Warmup, cancellation);
        return await RunAsync(clients, each => DirectStream.OpenAsync(model.Port, each, cancellation), settings.Duration, cancellation);
    }

    private static async Task<LoadResult> RunAsync(
        IEnumerable<string> each, Func<string, Task<IStreamClient>> openAsync, TimeSpan duration, CancellationToken cancellation)
    {
        var clients = new List<IStreamClient>();
        try
        {
            foreach (var item in each)
                clients.Add(await openAsync(item));
            return await StreamLoad.RunAsync(clients, duration, FakeModel.FirstChunk + (FakeModel.Pace * FakeModel.Chunks), cancellation);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private static async Task<double> CommitAsync(BenchSettings settings, string program, CancellationToken cancellation)
    {
        await using var server = await ComparatorServer.StartReadyAsync("bare-commit", program, cancellation);
        using var load = await LoadGenerator.OpenAsync(server.Port, [HttpRequests.Post("/chat", HttpRequests.Message)], cancellation);
        await load.RunAsync(settings.Warmup, 202, cancellation);
        return (await load.RunAsync(settings.Duration, 202, cancellation)).Latencies.Percentile(50);
    }

    private sealed record Measured(LoadResult OneStream, LoadResult ManyStreams)
    {
        public Latencies One => OneStream.Latencies;

        public Latencies Many => ManyStreams.Latencies;

        public int Errors => OneStream.Errors + ManyStreams.Errors;

        public string? FirstError => OneStream.FirstError ?? ManyStreams.FirstError;

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{One.Percentile(50):0.00} ms p50 of {One.Count} alone and {Many.Percentile(50):0.00} p50, {Many.Percentile(99):0.00} p99 of {Many.Count} among many ({Errors} errors)");
    }
}
