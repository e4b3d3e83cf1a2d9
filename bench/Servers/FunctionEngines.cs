using System.Diagnostics;
using System.Globalization;
using CloudIa.TestEngines;

namespace CloudIa.Bench.Servers;

/// <summary>What a function needs around it: SQS, DynamoDB and Redis as the tests have them, with an installation made in them.</summary>
internal sealed class FunctionEngines : IAsyncDisposable
{
    private readonly SqsServer _sqs = new();
    private readonly DynamoServer _dynamo = new();
    private readonly RedisServer _redis = new();

    private FunctionEngines()
    {
    }

    public const string Queue = "bench-jobs.fifo";

    /// <summary>The function's environment.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["CLOUDIA__BACKEND"] = "aws",
        ["CLOUDIA__AWS__QUEUE"] = Queue,
        ["CLOUDIA__AWS__DEADLETTERQUEUE"] = "bench-dead.fifo",
        ["CLOUDIA__AWS__TABLE"] = "bench",
        ["CLOUDIA__REDIS"] = _redis.Endpoint,
        ["CLOUDIA__GATEWAY__SIGNINGKEY"] = Convert.ToBase64String(new byte[32]),
        ["CLOUDIA__MODELS__0__NAME"] = "demo",
        ["CLOUDIA__MODELS__0__PROVIDER"] = "demo",
        ["AWS_REGION"] = "us-east-1",
        ["AWS_ACCESS_KEY_ID"] = "anybody",
        ["AWS_SECRET_ACCESS_KEY"] = "anything",
        ["AWS_ENDPOINT_URL_SQS"] = _sqs.Address.ToString(),
        ["AWS_ENDPOINT_URL_DYNAMODB"] = _dynamo.Address.ToString(),
    };

    /// <param name="program">Which makes the installation.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<FunctionEngines> StartAsync(string program, CancellationToken cancellation)
    {
        var engines = new FunctionEngines();
        try
        {
            await Task.WhenAll(engines._sqs.StartAsync(), engines._dynamo.StartAsync(), engines._redis.StartAsync());
            using var init = Process.Start(engines.Starting(program, ["init", "aws"]))!;
            await init.WaitForExitAsync(cancellation);
            return init.ExitCode == 0 ? engines : throw new InvalidOperationException($"init aws ended with {init.ExitCode.ToString(CultureInfo.InvariantCulture)}.");
        }
        catch
        {
            await engines.DisposeAsync();
            throw;
        }
    }

    /// <summary>How a program is started here.</summary>
    public ProcessStartInfo Starting(string program, IEnumerable<string> arguments)
    {
        var isDll = program.EndsWith(".dll", StringComparison.Ordinal);
        var start = new ProcessStartInfo(isDll ? "dotnet" : program, isDll ? [program, .. arguments] : arguments);
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return start;
    }

    public async ValueTask DisposeAsync()
    {
        await _sqs.DisposeAsync();
        await _dynamo.DisposeAsync();
        await _redis.DisposeAsync();
    }
}
