using System.Globalization;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Servers;

[assembly: AssemblyFixture(typeof(Engines))]

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>
/// The service as many machines run it: two gateways behind one address and two workers, each its own process, on an SQS,
/// a DynamoDB and a Redis. Queue and table are its own, and so is its Redis; each worker calls a model of its own, so
/// that one sees who works.
/// </summary>
internal sealed class AwsCluster : IInstallation
{
    /// <summary>No worker loses its job because the machine is busy.</summary>
    public static readonly IReadOnlyDictionary<string, string> LongLeases = new Dictionary<string, string>
    {
        ["CLOUDIA__QUEUE__LEASESECONDS"] = "120",
        ["CLOUDIA__QUEUE__HEARTBEATSECONDS"] = "10",
    };

    private const string Operator = "a-token-of-the-tests";

    private static readonly IReadOnlyDictionary<string, string> ShortLeases = new Dictionary<string, string>
    {
        ["CLOUDIA__QUEUE__LEASESECONDS"] = "10",
        ["CLOUDIA__QUEUE__HEARTBEATSECONDS"] = "1",
    };

    private readonly List<IAsyncDisposable> _parts = [];
    private string _queue = "";

    private AwsCluster()
    {
    }

    public IReadOnlyList<CloudiaProcess> Gateways { get; private set; } = [];

    public IReadOnlyList<CloudiaProcess> Workers { get; private set; } = [];

    public required RedisServer Redis { get; init; }

    /// <summary>The ways to SQS and DynamoDB, which can be shut.</summary>
    public required Balancer Sqs { get; init; }

    public required Balancer Dynamo { get; init; }

    public Balancer Front { get; private set; } = null!;

    /// <summary>Before both gateways.</summary>
    public Uri Address => Front.Address;

    public Uri Door => Gateways[0].Address;

    IReadOnlyList<Uri> IInstallation.Workers => [.. Workers.Select(worker => worker.Address)];

    public string DataFolder => Gateways[0].DataFolder;

    public string? AdminToken => Operator;

    public string Output => Gateways[0].Output;

    private IEnumerable<CloudiaProcess> All => Gateways.Concat(Workers);

    /// <summary>A cluster that is ready.</summary>
    /// <param name="engines">The engines of the assembly.</param>
    /// <param name="models">One a worker.</param>
    /// <param name="more">Settings of all processes.</param>
    public static Task<AwsCluster> StartAsync(
        Engines engines, IReadOnlyList<FaultyModel> models, IReadOnlyDictionary<string, string>? more = null) =>
        StartAsync(engines, number => new CloudiaSettings { More = more ?? new Dictionary<string, string>() }.Calling(models[number % models.Count]));

    /// <summary>A cluster that is ready, whose processes have the same settings.</summary>
    public static Task<AwsCluster> StartAsync(Engines engines, CloudiaSettings settings)
    {
        var more = new Dictionary<string, string>(settings.ShortLeases ? ShortLeases : LongLeases) { ["CLOUDIA__GATEWAY__ADMINTOKEN"] = Operator };
        foreach (var (key, value) in settings.More) more[key] = value;
        return StartAsync(engines, number => settings with
        {
            More = settings.ModelEndpoint is null
                ? more
                : new Dictionary<string, string>(more) { ["CLOUDIA__MODELS__0__APIKEY"] = string.Create(CultureInfo.InvariantCulture, $"worker-{number}") },
        });
    }

    private static async Task<AwsCluster> StartAsync(Engines engines, Func<int, CloudiaSettings> settingsOf)
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
            await cluster.StartAsync(settingsOf);
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

    public long ResidentBytes() => Gateways[0].ResidentBytes();

    public string Tail() => string.Join(Environment.NewLine, All.Select(process => process.Tail()));

    public void KillNine()
    {
        foreach (var process in All) process.KillNine();
    }

    public void AskToStop()
    {
        foreach (var process in All) process.AskToStop();
    }

    public async Task<int> Exit(TimeSpan? within = null) =>
        (await Task.WhenAll(All.Select(process => process.Exit(within)))).FirstOrDefault(code => code != 0);

    public Task StartAgain() => Task.WhenAll(All.Select(process => process.StartAgain()));

    public async Task PutIntoQueue(params RawMessage[] messages)
    {
        foreach (var message in messages) await RawQueue.SendAsync(Sqs.Address, _queue, message);
    }

    public async ValueTask DisposeAsync()
    {
        for (var part = _parts.Count - 1; part >= 0; part--) await _parts[part].DisposeAsync();
    }

    private async Task StartAsync(Func<int, CloudiaSettings> settingsOf)
    {
        var installation = Installation(Sqs.Address, Dynamo.Address, Redis.Endpoint);
        _queue = installation["CLOUDIA__AWS__QUEUE"];
        using (var init = Repository.Run(["init", "aws"], settingsOf(0) with { More = Of(0) }))
        {
            Assert.True(await init.Exit() == 0, init.Tail());
        }

        // All of them come to an end before anything is ended because one failed.
        var processes = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => AddAsync(settingsOf(number / 2) with
        {
            More = new Dictionary<string, string>(Of(number / 2)) { ["CLOUDIA__ROLE"] = number % 2 == 0 ? "worker" : "gateway" },
        })));
        Workers = [processes[0], processes[2]];
        Gateways = [processes[1], processes[3]];
        Front = new Balancer([.. Gateways.Select(gateway => gateway.Port)]);
        _parts.Add(Front);

        Dictionary<string, string> Of(int number)
        {
            var all = new Dictionary<string, string>(installation);
            foreach (var (key, value) in settingsOf(number).More) all[key] = value;
            return all;
        }
    }

    private async Task<CloudiaProcess> AddAsync(CloudiaSettings settings)
    {
        var process = await CloudiaProcess.Start(settings);
        lock (_parts) _parts.Add(process);
        return process;
    }
}
