using System.Diagnostics;
using CloudIa.TestEngines;

namespace CloudIa.Bench.Servers;

/// <summary>
/// The service as many machines run it, on this one: a gateway and a worker, each a process of its own, with a queue, a
/// table and a Redis that run beside them.
/// </summary>
internal sealed class ManyMachines : IAsyncDisposable
{
    private readonly ServerProcess _worker;
    private readonly ServerProcess _gateway;

    private ManyMachines(ServerProcess gateway, ServerProcess worker) => (_gateway, _worker) = (gateway, worker);

    /// <summary>Where clients come.</summary>
    public int Port => _gateway.Port;

    /// <summary>What the SDK's clients, and StackExchange.Redis's, find the engines by.</summary>
    public static async Task<IReadOnlyList<(string Name, string Value)>> WaysAsync(Engines engines) =>
    [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "anybody"),
        ("AWS_SECRET_ACCESS_KEY", "anything"),
        ("AWS_ENDPOINT_URL_SQS", (await engines.SqsAsync()).Address.ToString()),
        ("AWS_ENDPOINT_URL_DYNAMODB", (await engines.DynamoAsync()).Address.ToString()),
        ("CLOUDIA__REDIS", (await engines.RedisAsync()).Endpoint),
    ];

    /// <summary>A new installation on the engines, ready.</summary>
    /// <param name="model">What the worker calls.</param>
    public static async Task<ManyMachines> StartReadyAsync(
        string program, int workers, Engines engines, Uri model, IReadOnlyList<(string Name, string Value)> more, CancellationToken cancellation)
    {
        var name = Guid.NewGuid().ToString("N");
        (string, string)[] settings =
        [
            .. await WaysAsync(engines),
            .. more,
            ("CLOUDIA__BACKEND", "aws"),
            ("CLOUDIA__AWS__QUEUE", $"jobs-{name}.fifo"),
            ("CLOUDIA__AWS__DEADLETTERQUEUE", $"dead-{name}.fifo"),
            ("CLOUDIA__AWS__TABLE", $"cloudia-{name}"),

            // The engines share the cores with all the rest: a call that is slow once is measured, and not given up.
            ("CLOUDIA__AWS__TABLEMILLISECONDS", "20000"),
            ("CLOUDIA__AWS__QUEUEMILLISECONDS", "20000"),
        ];
        await InitAsync(program, settings, cancellation);
        var worker = await OurServer.StartReadyAsync(program, workers, cancellation, model, [.. settings, ("CLOUDIA__ROLE", "worker")]);
        try
        {
            return new ManyMachines(await OurServer.StartReadyAsync(program, workers, cancellation, model, [.. settings, ("CLOUDIA__ROLE", "gateway")]), worker);
        }
        catch
        {
            await worker.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _worker.DisposeAsync();
    }

    private static async Task InitAsync(string program, IReadOnlyList<(string Name, string Value)> settings, CancellationToken cancellation)
    {
        var start = program.EndsWith(".dll", StringComparison.Ordinal)
            ? new ProcessStartInfo("dotnet", [program, "init", "aws"])
            : new ProcessStartInfo(program, ["init", "aws"]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var init = Process.Start(start)!;
        var said = await Task.WhenAll(init.StandardOutput.ReadToEndAsync(cancellation), init.StandardError.ReadToEndAsync(cancellation));
        await init.WaitForExitAsync(cancellation);
        if (init.ExitCode != 0)
            throw new InvalidOperationException($"init aws ended with {init.ExitCode}:\n{string.Concat(said)}");
    }
}
