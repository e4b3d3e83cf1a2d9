using CloudIa.EndToEnd.Tests.Servers;

[assembly: AssemblyFixture(typeof(Engines))]

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>
/// The service as many machines run it: two gateways behind one address and two workers, each its own process, on an SQS,
/// a DynamoDB and a Redis. Queue and table are its own, and so is its Redis; each worker calls a model of its own, so
/// that one sees who works.
/// </summary>
internal sealed class AwsCluster : IAsyncDisposable
{
    /// <summary>No worker loses its job because the machine is busy.</summary>
    public static readonly IReadOnlyDictionary<string, string> LongLeases = new Dictionary<string, string>
    {
        ["CLOUDIA__QUEUE__LEASESECONDS"] = "120",
        ["CLOUDIA__QUEUE__HEARTBEATSECONDS"] = "10",
    };

    private readonly List<IAsyncDisposable> _parts = [];

    private AwsCluster()
    {
    }

    public List<CloudiaProcess> Gateways { get; } = [];

    public List<CloudiaProcess> Workers { get; } = [];

    public required RedisServer Redis { get; init; }

    /// <summary>The ways to SQS and DynamoDB, which can be shut.</summary>
    public required Balancer Sqs { get; init; }

    public required Balancer Dynamo { get; init; }

    public Balancer Front { get; private set; } = null!;

    /// <summary>Before both gateways.</summary>
    public Uri Address => Front.Address;

    /// <summary>A cluster that is ready.</summary>
    /// <param name="engines">The engines of the assembly.</param>
    /// <param name="models">One a worker.</param>
    /// <param name="more">Settings of all processes.</param>
    public static async Task<AwsCluster> StartAsync(
        Engines engines, IReadOnlyList<FaultyModel> models, IReadOnlyDictionary<string, string>? more = null)
    {
        var cluster = new AwsCluster
        {
            Redis = new RedisServer(),
            Sqs = new Balancer((await engines.SqsAsync()).Port),
            Dynamo = new Balancer((await engines.DynamoAsync()).Port),
        };
        cluster._parts.AddRange([cluster.Redis, cluster.Sqs, cluster.Dynamo]);
        try
        {
            await cluster.Redis.StartAsync();
            await cluster.StartAsync(models, more ?? new Dictionary<string, string>());
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The settings of an installation of its own on these engines; what it needs is not made yet.</summary>
    public static Dictionary<string, string> Installation(Uri sqs, Uri dynamo, string redis)
    {
        var name = Guid.NewGuid().ToString("N");
        return new Dictionary<string, string>
        {
            ["CLOUDIA__BACKEND"] = "aws",
            ["CLOUDIA__AWS__QUEUE"] = $"jobs-{name}.fifo",
            ["CLOUDIA__AWS__DEADLETTERQUEUE"] = $"dead-{name}.fifo",
            ["CLOUDIA__AWS__TABLE"] = $"cloudia-{name}",
            ["CLOUDIA__AWS__POLLSECONDS"] = "1",

            // The engines run beside all the rest, and what they are slow at is not what is tested.
            ["CLOUDIA__AWS__TABLEMILLISECONDS"] = "20000",
            ["CLOUDIA__AWS__QUEUEMILLISECONDS"] = "20000",
            ["CLOUDIA__REDIS"] = redis,
            ["CLOUDIA__QUEUE__LEASESECONDS"] = "5",
            ["CLOUDIA__QUEUE__HEARTBEATSECONDS"] = "1",
            ["AWS_REGION"] = "us-east-1",
            ["AWS_ACCESS_KEY_ID"] = "anybody",
            ["AWS_SECRET_ACCESS_KEY"] = "anything",
            ["AWS_ENDPOINT_URL_SQS"] = sqs.ToString(),
            ["AWS_ENDPOINT_URL_DYNAMODB"] = dynamo.ToString(),
        };
    }

    public string Tail() => string.Join(Environment.NewLine, Gateways.Concat(Workers).Select(process => process.Tail()));

    public async ValueTask DisposeAsync()
    {
        for (var part = _parts.Count - 1; part >= 0; part--) await _parts[part].DisposeAsync();
    }

    private async Task StartAsync(IReadOnlyList<FaultyModel> models, IReadOnlyDictionary<string, string> more)
    {
        var all = Installation(Sqs.Address, Dynamo.Address, Redis.Endpoint);
        foreach (var (key, value) in more) all[key] = value;
        using (var init = Repository.Run(["init", "aws"], new CloudiaSettings { More = all }))
        {
            Assert.True(await init.Exit() == 0, init.Tail());
        }

        for (var number = 0; number < 2; number++)
        {
            Workers.Add(await AddAsync("worker", models[number % models.Count], all));
            Gateways.Add(await AddAsync("gateway", models[number % models.Count], all));
        }

        Front = new Balancer([.. Gateways.Select(gateway => gateway.Port)]);
        _parts.Add(Front);
    }

    private async Task<CloudiaProcess> AddAsync(string role, FaultyModel model, Dictionary<string, string> settings)
    {
        var process = await CloudiaProcess.Start(new CloudiaSettings
        {
            ModelEndpoint = model.Endpoint,
            More = new Dictionary<string, string>(settings) { ["CLOUDIA__ROLE"] = role },
        });
        _parts.Add(process);
        return process;
    }
}
