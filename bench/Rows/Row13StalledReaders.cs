using System.Diagnostics;
using System.Globalization;
using CloudIa.Bench.Comparators;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 13: how far our server's resident memory grows by 1,000 sockets whose clients do not read, under a load that goes
/// on all the while; and the delay of the healthy readers' deltas beside them ÷ before. The load is 70 owners with a
/// reading socket each, answered again and again; 50 of them are given 20 sockets more. Memory is the highest that was seen
/// from the opening of the first of these on, less the highest of a window before it, when the service had been under
/// the load for a while. Each of them is seen to stand: the kernel has taken all that it will, and the service's send
/// waits. Beside it the same with 1,000 sockets more whose clients read, and with none, as the load alone makes memory
/// grow (pages of the database that are cached). Goals: at most 64 MiB, at most twice.
/// </summary>
internal static class Row13StalledReaders
{
    private const int More = 1000;
    private const int PerOwner = 20;
    private const int Owners = 70;

    /// <summary>Ten seconds of 100 chunks: a socket that nobody reads is full after five or six.</summary>
    private static readonly string Model = PacedModel.Path(1000, 100);

    private static readonly TimeSpan Answer = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Warming = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Filling = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Standing = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private enum Clients
    {
        Stalled,
        Reading,
        None,
    }

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        await using var model = await ComparatorServer.StartReadyAsync("paced-model", program, cancellation);
        var runs = Enum.GetValues<Clients>().ToDictionary(clients => clients, _ => new List<Run>());
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            foreach (var clients in runs.Keys)
                runs[clients].Add(await MeasureAsync(program, model, clients, cancellation));
        }

        var stalled = runs[Clients.Stalled];
        var errors = runs.Values.SelectMany(all => all).SelectMany(run => run.Errors).ToList();
        return new RowResult(
            13,
            $"{More} stalled readers",
            [
                Growth("resident growth", Clients.Stalled) with
                {
                    Goal = new Goal(Direction.AtMost, 64, "MiB"),
                    Errors = errors.Count,
                    FirstError = errors.FirstOrDefault(),
                },
                Growth($"the same by {More} readers more", Clients.Reading),
                Growth("the same by none more", Clients.None),
                Figure.Ratio("healthy readers' p99 with ÷ without", "ms", [.. stalled.Select(run => run.With)], [.. stalled.Select(run => run.Without)], new Goal(Direction.AtMost, 2)),
            ],
            [string.Create(CultureInfo.InvariantCulture, $"{Owners} answers at a time; {stalled.Min(run => run.Stood)} of {More} sockets at least stood for the last {Standing.TotalSeconds} s")]);

        Figure Growth(string name, Clients clients) => new()
        {
            Name = name,
            Unit = "MiB",
            Ours = [.. runs[clients].Select(run => run.Growth)],
            Theirs = [],
            Compared = [.. runs[clients].Select(run => run.Growth)],
            Goal = null,
        };
    }

    private static async Task<Run> MeasureAsync(string program, ServerProcess model, Clients clients, CancellationToken cancellation)
    {
        // None is cut off before the end: what they cost is what they cost for as long as they stand.
        await using var server = await OurServer.StartReadyAsync(
            program, 2 * Owners, cancellation, new Uri($"http://127.0.0.1:{model.Port}{Model}"), ("CLOUDIA__GATEWAY__SLOWREADERSECONDS", "120"));
        var tokens = await Sessions.OpenAsync(server.Port, Owners, cancellation);
        using var load = await StandingLoad.StartAsync(server.Port, tokens, Answer, cancellation);
        await Task.Delay(Warming, TimeProvider.System, cancellation);

        var from = Stopwatch.GetTimestamp();
        var before = await HighestAsync(server, Window, cancellation);
        var opened = Stopwatch.GetTimestamp();
        var more = new List<SocketClient>();
        try
        {
            var opening = OpenAsync(server.Port, tokens, more, clients, cancellation);
            var highest = Math.Max(await HighestAsync(server, Filling, cancellation), await HighestAsync(server, Window - Standing, cancellation));
            await opening;
            var then = KernelQueues.Of(server.Port);
            highest = Math.Max(highest, await HighestAsync(server, Standing, cancellation));
            var stood = KernelQueues.CountStanding(then, KernelQueues.Of(server.Port));
            var now = Stopwatch.GetTimestamp();
            var run = new Run(
                (highest - before) / 1024.0,
                load.Between(from, opened).Percentile(99),
                load.Between(opened, now).Percentile(99),
                stood,
                [.. load.Errors(), .. Missing(clients, stood)]);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  {clients,-8} {run.Growth:0.0} MiB beyond {before / 1024.0:0.0} MiB; {stood} stood; healthy p99 {run.Without:0.0} ms without, {run.With:0.0} ms with; {run.Errors.Count} errors {(run.Errors is [var first, ..] ? first : "")}"));
            return run;
        }
        finally
        {
            more.ForEach(client => client.Dispose());
        }
    }

    private static IEnumerable<string> Missing(Clients clients, int stood) =>
        clients == Clients.Stalled && stood < More ? [$"only {stood} sockets stood"] : [];

    private static async Task OpenAsync(int port, IReadOnlyList<string> tokens, List<SocketClient> more, Clients clients, CancellationToken cancellation)
    {
        for (var i = 0; i < More && clients != Clients.None; i++)
        {
            more.Add(await SocketClient.OpenAsync(port, tokens[i / PerOwner], cancellation, receiveBuffer: clients == Clients.Stalled ? 4096 : null));
            if (clients == Clients.Reading)
                _ = ReadAsync(more[^1]);
        }
    }

    private static async Task ReadAsync(SocketClient client)
    {
        try
        {
            while (true)
                await client.ReadAsync();
        }
        catch (Exception closed) when (closed is System.Net.Sockets.SocketException or IOException or ObjectDisposedException)
        {
            // The measurement is over.
        }
    }

    private static async Task<long> HighestAsync(ServerProcess server, TimeSpan during, CancellationToken cancellation)
    {
        var highest = server.ResidentKilobytes();
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < during;)
        {
            await Task.Delay(Look, TimeProvider.System, cancellation);
            highest = Math.Max(highest, server.ResidentKilobytes());
        }

        return highest;
    }

    /// <summary>One server: MiB of growth, the healthy readers' p99 before and with the sockets, and how many of them stood.</summary>
    private sealed record Run(double Growth, double Without, double With, int Stood, IReadOnlyList<string> Errors);
}
