using System.Globalization;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 9: resident KiB an idle WebSocket, of our server ÷ of raw Kestrel WebSockets with zero-byte reads. Resident memory
/// (VmRSS) after 10,000 sockets were opened and left alone for a while, less that before, by their number; before it a
/// few sockets are opened and closed, so that code and pools are there. The same client for both. Goal: at most 1.15.
/// </summary>
internal static class Row9IdleConnections
{
    private const int WarmupSockets = 500;

    /// <summary>File handles that a process needs beside its sockets.</summary>
    private const int OtherHandles = 300;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        CheckHandles(settings.IdleConnections);
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        var (ours, theirs) = (new List<double>(), new List<double>());
        var closed = 0;
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            await using (var server = await OurServer.StartReadyAsync(program, settings.Workers, cancellation))
                ours.Add(await MeasureAsync(server, "ours"));
            await using (var server = await ComparatorServer.StartReadyAsync("idle-sockets", program, cancellation))
                theirs.Add(await MeasureAsync(server, "idle-sockets"));
        }

        var figure = Figure.Ratio($"{settings.IdleConnections} sockets", "KiB", ours, theirs, new Goal(Direction.AtMost, 1.15));
        return new RowResult(
            9,
            "resident memory an idle connection",
            [figure with { Errors = closed, FirstError = closed > 0 ? "a socket was closed while it was idle" : null }],
            [$"VmRSS {Quiet.TotalSeconds:0} s after the last socket was opened, so garbage that no collection has met counts on both sides"]);

        async Task<double> MeasureAsync(ServerProcess server, string name)
        {
            using (await IdleConnections.OpenAsync(server.Port, WarmupSockets, cancellation))
                await Task.Delay(Quiet, TimeProvider.System, cancellation);
            await Task.Delay(Quiet, TimeProvider.System, cancellation);
            var before = server.ResidentKilobytes();

            using var idle = await IdleConnections.OpenAsync(server.Port, settings.IdleConnections, cancellation);
            await Task.Delay(Quiet, TimeProvider.System, cancellation);
            var after = server.ResidentKilobytes();
            closed += idle.CountClosed();
            var each = (after - before) / (double)settings.IdleConnections;
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"  {name,-14} {before} KiB before, {after} KiB after, {each:0.00} KiB a socket"));
            return each;
        }
    }

    private static void CheckHandles(int sockets)
    {
        // .NET raises its soft limit to the hard one, in the servers as here; a child inherits the hard one.
        var hard = File.ReadLines("/proc/self/limits")
            .First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[4];
        if (hard != "unlimited" && int.Parse(hard, CultureInfo.InvariantCulture) < sockets + OtherHandles)
            throw new InvalidOperationException($"Row 9 opens {sockets} sockets, but the limit of open files is {hard}; raise it (ulimit -Hn) or lower --connections.");
    }
}
