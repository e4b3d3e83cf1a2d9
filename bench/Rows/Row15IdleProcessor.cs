using System.Globalization;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 15: processor time that our server takes with 10,000 idle sockets, as a part of one core: quite silent, and with the
/// pings that clients send every 25 seconds, spread evenly. Goal: at most 1 %.
/// </summary>
internal static class Row15IdleProcessor
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var program = await OurBuild.ReleaseAsync(settings, cancellation);
        var (silent, pinging) = (new List<double>(), new List<double>());
        var closed = 0;
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            await using var server = await OurServer.StartReadyAsync(program, settings.Workers, cancellation);
            using var idle = await IdleConnections.OpenAsync(server.Port, settings.IdleConnections, cancellation);
            await Task.Delay(Settling, TimeProvider.System, cancellation);
            silent.Add(await PercentAsync(server, () => Task.Delay(Heartbeat, TimeProvider.System, cancellation)));
            await idle.PingAsync(Settling, cancellation);
            pinging.Add(await PercentAsync(server, () => idle.PingAsync(Heartbeat, cancellation)));
            closed += idle.CountClosed();
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {silent[^1]:0.00} % silent, {pinging[^1]:0.00} % with pings"));
        }

        return new RowResult(15, "processor with idle connections, of one core", [Of("silent", silent), Of("a ping each 25 s", pinging)], []);

        Figure Of(string name, List<double> percents) => new()
        {
            Name = $"{settings.IdleConnections} sockets, {name}",
            Unit = "%",
            Ours = percents,
            Theirs = [],
            Compared = percents,
            Goal = new Goal(Direction.AtMost, 1, "%"),
            Errors = closed,
            FirstError = closed > 0 ? "a socket was closed while it was idle" : null,
        };
    }

    private static async Task<double> PercentAsync(ServerProcess server, Func<Task> passAsync)
    {
        var (before, begun) = (server.ProcessorTime(), TimeProvider.System.GetTimestamp());
        await passAsync();
        return (server.ProcessorTime() - before) / TimeProvider.System.GetElapsedTime(begun) * 100;
    }
}
