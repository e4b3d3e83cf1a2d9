using System.Diagnostics;
using System.Globalization;
using System.Text;
using CloudIa.Bench.Results;
using CloudIa.Bench.Servers;
using CloudIa.TestEngines.Functions;

namespace CloudIa.Bench.Rows;

/// <summary>
/// Row 12, as a function: from the start of the process, with an event waiting for it, to the 202 that is its answer, Native AOT ÷ the
/// JIT build (goal: at most 0.2); what it holds then; and warm invocations beside a function that only sends the same body to
/// the same queue.
/// </summary>
internal static class Row12Function
{
    private const int StartsARepeat = 3;
    private const int WarmUp = 300;
    private const int Measured = 300;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static async Task<RowResult> RunAsync(BenchSettings settings, CancellationToken cancellation)
    {
        var compiled = await OurBuild.ReleaseAsync(settings, cancellation);
        var native = await OurBuild.NativeAsync(settings, cancellation);
        await using var engines = await FunctionEngines.StartAsync(compiled, cancellation);
        var post = await EventAsync();
        await StartAsync(engines, native, post, cancellation);
        await StartAsync(engines, compiled, post, cancellation);
        var (ours, theirs) = (new List<(double Start, double Resident)>(), new List<(double Start, double Resident)>());
        for (var repeat = 0; repeat < settings.Repeats * StartsARepeat; repeat++)
        {
            ours.Add(await StartAsync(engines, native, post, cancellation));
            theirs.Add(await StartAsync(engines, compiled, post, cancellation));
        }

        var (warm, bare) = (new List<double>(), new List<double>());
        for (var repeat = 0; repeat < settings.Repeats; repeat++)
        {
            warm.Add(await WarmAsync(engines, engines.Starting(native, []), post, cancellation));
            bare.Add(await WarmAsync(engines, engines.Starting(typeof(Row12Function).Assembly.Location, ["comparator", "bare-function", "--port", "0", "--data", FunctionEngines.Queue]), post, cancellation));
        }

        return new RowResult(
            12,
            "a function: process start to the first 202",
            [
                Figure.Ratio("AOT ÷ JIT", "ms", [.. ours.Select(one => one.Start)], [.. theirs.Select(one => one.Start)], new Goal(Direction.AtMost, 0.2)),
                Beside("resident then, AOT − JIT", "MiB", [.. ours.Select(one => one.Resident)], [.. theirs.Select(one => one.Resident)]),
                Beside("p50 of warm invocations − a function that only sends", "ms", warm, bare),
            ],
            [string.Create(CultureInfo.InvariantCulture, $"the native program has {new FileInfo(native).Length / 1e6:0.0} MB; warm: native beside a comparator on the JIT; engines: fauxqs, DynamoDB Local, redis-server")]);
    }

    private static Figure Beside(string name, string unit, IReadOnlyList<double> ours, IReadOnlyList<double> theirs) => new()
    {
        Name = name,
        Unit = unit,
        Ours = ours,
        Theirs = theirs,
        Compared = [.. ours.Zip(theirs, (mine, other) => mine - other)],
        Goal = null,
    };

    private static async Task<string> EventAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/chat") { Content = new StringContent("{\"message\":\"Hello, how are you?\"}", Encoding.UTF8, "application/json") };
        return await ApiGatewayEvents.OfAsync(request);
    }

    private static async Task<(double Milliseconds, double Resident)> StartAsync(FunctionEngines engines, string program, string post, CancellationToken cancellation)
    {
        await using var runtime = await RuntimeApi.StartAsync();
        var taken = runtime.InvokeAsync(post);
        var start = engines.Starting(program, []);
        var begun = Stopwatch.GetTimestamp();
        using var function = new RunningFunction(start, runtime);
        Check(await taken.WaitAsync(Limit, TimeProvider.System, cancellation));
        return (Stopwatch.GetElapsedTime(begun).TotalMilliseconds, function.ResidentMegabytes());
    }

    private static async Task<double> WarmAsync(FunctionEngines engines, ProcessStartInfo start, string post, CancellationToken cancellation)
    {
        await using var runtime = await RuntimeApi.StartAsync();
        using var function = new RunningFunction(start, runtime);
        var times = new List<double>();
        for (var call = 0; call < WarmUp + Measured; call++)
        {
            var begun = Stopwatch.GetTimestamp();
            Check(await runtime.InvokeAsync(post).WaitAsync(Limit, TimeProvider.System, cancellation));
            if (call >= WarmUp)
                times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        times.Sort();
        return times[times.Count / 2];
    }

    private static void Check(Outcome outcome)
    {
        if (outcome.Answer?.Contains("\"statusCode\":202", StringComparison.Ordinal) != true)
            throw new InvalidOperationException($"No 202: {outcome.Answer}{outcome.Error}");
    }

    /// <summary>A function's process, whose events come from a Runtime API; killed in the end.</summary>
    private sealed class RunningFunction : IDisposable
    {
        private readonly Process _process;

        public RunningFunction(ProcessStartInfo start, RuntimeApi runtime)
        {
            start.Environment["AWS_LAMBDA_RUNTIME_API"] = runtime.Address;
            start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS");
            start.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT");
            _process = Process.Start(start)!;
        }

        public double ResidentMegabytes()
        {
            var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process.Id}/status")).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
        }

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
