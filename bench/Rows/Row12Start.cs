using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using CloudIa.Bench.Load;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 12: from the start of the process to the first 202, Native AOT ÷ the ordinary JIT build. Each side has its own
/// data folder, made by a first start that is not counted, so a start is that of a service that is started again.
/// Goal: at most 0.2.
/// </summary>
internal static class Row12Start
{
    /// <summary>Starts are short; more of them than of the other rows' measurements steady the median.</summary>
    private const int StartsARepeat = 3;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var compiled = await OurBuild.ReleaseAsync(settings, cancellation);
        var native = await OurBuild.NativeAsync(settings, cancellation);
        var (nativeFolder, compiledFolder) = (Workspace.NewDataFolder("aot"), Workspace.NewDataFolder("jit"));
        try
        {
            await StartAsync(native, nativeFolder, cancellation);
            await StartAsync(compiled, compiledFolder, cancellation);
            var (ours, theirs) = (new List<double>(), new List<double>());
            for (var repeat = 0; repeat < settings.Repeats * StartsARepeat; repeat++)
            {
                ours.Add(await StartAsync(native, nativeFolder, cancellation));
                theirs.Add(await StartAsync(compiled, compiledFolder, cancellation));
            }

            return new RowResult(
                12,
                "process start to first 202",
                [Figure.Ratio("AOT ÷ JIT", "ms", ours, theirs, new Goal(Direction.AtMost, 0.2))],
                ["ours is the native binary, the comparator the JIT build; a folder that holds data from a start before"]);
        }
        finally
        {
            Directory.Delete(nativeFolder, recursive: true);
            Directory.Delete(compiledFolder, recursive: true);
        }
    }

    private static async Task<double> StartAsync(string program, string folder, CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        await using var server = OurServer.Start(program, workers: 1, folder, keepFolder: true);
        var request = HttpRequests.Post("/chat", HttpRequests.Message);
        while (Stopwatch.GetElapsedTime(begun) < StartLimit)
        {
            try
            {
                using var connection = await HttpConnection.OpenAsync(server.Port, cancellation);
                var answer = await connection.SendAsync(request);
                var elapsed = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
                if (answer.Status == 202)
                    return elapsed;
                if (answer.Status != 503)
                    throw new InvalidOperationException($"{answer.Status} {Encoding.UTF8.GetString(answer.Body.Span)}");
            }
            catch (Exception notYet) when (notYet is SocketException or IOException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellation);
        }

        throw new InvalidOperationException($"No 202 within {StartLimit.TotalSeconds} s.");
    }
}
