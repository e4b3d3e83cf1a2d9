using System.Globalization;
using System.Text.Json;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;
using CloudIa.TestEngines;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 6: row 5's one stream through a gateway process and a worker process, with a queue (fauxqs), a table (DynamoDB
/// Local) and Redis between them. What the emulators take is theirs: in the same repeat the same calls are made by the
/// bare clients in one process, one after the other (<see cref="BareEngines"/>), and our own share is what is left. Hops
/// are the eight calls of an engine that a first token waits for: the quota's script; the message from its send to its
/// receive; the begin's read, its conditional update of the conversation and its conditional put of the turn; the script
/// of the start; the word of growth from its publication to the gateway; the script that reads the text. What happens
/// beside them is none (the pending turn, the word of acceptance, the 202), nor are the calls that a begin makes more
/// where it meets the writes of the pending turn: those are in our own share. Goal: our own share ≤ row 5's added time, measured in
/// the same repeat, and 0.5 ms a hop.
/// </summary>
internal static class Row6ManyMachines
{
    private const double PerHop = 0.5;
    private const int Workers = 8;
    private const int Warming = 4;

    /// <summary>Between two chains of bare calls, as between two messages.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("fake-model", null, cancellation);
        await using var engines = new Engines();
        var repeats = new List<Repeat>();
        while (repeats.Count < settings.Repeats)
        {
            repeats.Add(await MeasureAsync(settings, program, model, engines, cancellation));
            await Console.Error.WriteLineAsync($"  {repeats[^1]}");
        }

        var errors = repeats.SelectMany(repeat => repeat.Errors).ToList();
        var added = repeats.Select(repeat => repeat.Many - repeat.Direct).ToList();
        var embedded = repeats.Select(repeat => repeat.Embedded - repeat.Direct).ToList();
        var bare = repeats.Select(repeat => repeat.Hops.Total).ToList();
        List<double> own = [.. added.Zip(bare, (all, theirs) => all - theirs)];
        return new RowResult(
            6,
            "time to first token on many machines, p50",
            [
                Figure("added, beyond direct", [.. repeats.Select(repeat => repeat.Many)], [.. repeats.Select(repeat => repeat.Direct)], added),
                Figure("our own share: added, less the bare calls", added, bare, own),
                Figure("row 5 in the same repeats: embedded, beyond direct", [.. repeats.Select(repeat => repeat.Embedded)], [.. repeats.Select(repeat => repeat.Direct)], embedded),
                Figure("our own share beyond row 5", own, embedded, [.. own.Zip(embedded, (mine, five) => mine - five)]) with
                {
                    Goal = new Goal(Direction.AtMost, PerHop * BareEngines.Hops.Length, "ms"),
                    Errors = errors.Count,
                    FirstError = errors.FirstOrDefault(),
                },
                .. BareEngines.Hops.Select((hop, i) => Bare($"bare: {hop}", [.. repeats.Select(repeat => repeat.Hops.Each[i])], "ms")),
                Bare("frames a turn of 25 chunks in half a second", [.. repeats.Select(repeat => (double)repeat.Frames)], "") with
                {
                    Theirs = [.. repeats.Select(repeat => (double)repeat.EmbeddedFrames)],
                },
            ],
            [
                $"{BareEngines.Hops.Length} hops; the goal is row 5's figure of the same repeats and {PerHop.ToString(CultureInfo.InvariantCulture)} ms a hop",
                "a new conversation a message, one stream; frames beside those of the embedded service",
            ]);
    }

    private static async Task<Repeat> MeasureAsync(
        BenchSettings settings, string program, ServerProcess model, Engines engines, CancellationToken cancellation)
    {
        var endpoint = new Uri($"http://127.0.0.1:{model.Port}{FakeModel.ShortPath}");
        (string, string)[] longModel =
        [
            ("CLOUDIA__MODELS__1__NAME", "long"),
            ("CLOUDIA__MODELS__1__PROVIDER", "openai"),
            ("CLOUDIA__MODELS__1__MODEL", "fake"),
            ("CLOUDIA__MODELS__1__ENDPOINT", $"http://127.0.0.1:{model.Port}{FakeModel.Path}"),
            ("CLOUDIA__MODELS__1__APIKEY", "none"),
        ];
        LoadResult many, embedded;
        int frames, embeddedFrames;
        await using (var machines = await ManyMachines.StartReadyAsync(program, Workers, engines, endpoint, longModel, cancellation))
        {
            many = await Row5FirstToken.LoadAsync(settings, machines.Port, 1, Warming, cancellation);
            frames = await FramesAsync(machines.Port, cancellation);
        }

        var hops = await BareAsync(settings, program, engines, cancellation);
        await using (var server = await OurServer.StartReadyAsync(program, Workers, cancellation, endpoint, longModel))
        {
            embedded = await Row5FirstToken.LoadAsync(settings, server.Port, 1, Warming, cancellation);
            embeddedFrames = await FramesAsync(server.Port, cancellation);
        }

        var direct = await Row5FirstToken.DirectAsync(settings, model, FakeModel.ShortPath, 1, cancellation);
        return new Repeat(
            many.Latencies.Percentile(50),
            embedded.Latencies.Percentile(50),
            direct.Latencies.Percentile(50),
            hops,
            frames,
            embeddedFrames,
            [.. new[] { many, embedded, direct }.Select(load => load.FirstError).OfType<string>()]);
    }

    /// <summary>The medians of the bare calls, each and all together.</summary>
    private static async Task<BareHops> BareAsync(BenchSettings settings, string program, Engines engines, CancellationToken cancellation)
    {
        var ways = await ManyMachines.WaysAsync(engines);
        await using var server = await ComparatorServer.StartReadyAsync(
            "bare-engines", program, cancellation, [.. ways, (BareEngines.RedisVariable, (await engines.RedisAsync()).Endpoint)]);
        using var connection = await HttpConnection.OpenAsync(server.Port, cancellation);
        var request = HttpRequests.Post("/hops", "{}");
        await RunAsync(settings.Warmup);
        var chains = await RunAsync(settings.Duration);
        return new BareHops(
            Median(chains.Select(chain => chain.Sum())),
            [.. BareEngines.Hops.Select((_, i) => Median(chains.Select(chain => chain[i])))]);

        async Task<List<double[]>> RunAsync(TimeSpan duration)
        {
            var all = new List<double[]>();
            for (var begun = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(begun) < duration;)
            {
                all.Add(JsonSerializer.Deserialize<double[]>((await connection.SendAsync(request)).Body.Span)!);
                await Task.Delay(Pause, TimeProvider.System, cancellation);
            }

            return all;
        }
    }

    /// <summary>All that a socket is sent of one turn, from the acceptance to the end.</summary>
    private static async Task<int> FramesAsync(int port, CancellationToken cancellation)
    {
        var token = (await Sessions.OpenAsync(port, 1, cancellation))[0];
        using var socket = await SocketClient.OpenAsync(port, token, cancellation);
        await socket.SendAsync("""{"action":"chat","message":"Olá, IA!","model":"long"}""");
        for (var frames = 1; ; frames++)
        {
            var frame = await socket.ReadAsync();
            if (SocketClient.Is(frame, "message_completed"u8))
                return frames;
            if (SocketClient.Is(frame, "error"u8))
                throw new IOException($"Unexpected: {System.Text.Encoding.UTF8.GetString(frame.Span)}");
        }
    }

    private static double Median(IEnumerable<double> times) => Spread.Of([.. times]).Median;

    private static Figure Figure(string name, IReadOnlyList<double> ours, IReadOnlyList<double> theirs, IReadOnlyList<double> compared) => new()
    {
        Name = name,
        Unit = "ms",
        Ours = ours,
        Theirs = theirs,
        Compared = compared,
        Goal = null,
    };

    private static Figure Bare(string name, IReadOnlyList<double> values, string unit) => new()
    {
        Name = name,
        Unit = unit,
        Ours = values,
        Theirs = [],
        Compared = values,
        Goal = null,
    };

    private sealed record BareHops(double Total, IReadOnlyList<double> Each);

    /// <summary>Milliseconds, each a median.</summary>
    private sealed record Repeat(
        double Many, double Embedded, double Direct, BareHops Hops, int Frames, int EmbeddedFrames, IReadOnlyList<string> Errors)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Many:0.00} ms on many machines, {Embedded:0.00} embedded, {Direct:0.00} direct; bare calls {Hops.Total:0.00} ({string.Join(" + ", Hops.Each.Select(hop => hop.ToString("0.00", CultureInfo.InvariantCulture)))}); {Frames} and {EmbeddedFrames} frames; {Errors.Count} errors {(Errors is [var first, ..] ? first : "")}");
    }
}
