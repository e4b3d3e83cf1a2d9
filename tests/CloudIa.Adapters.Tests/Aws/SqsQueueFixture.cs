using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.SQS;
using CloudIa.Adapters.Tests.Queue;
using CloudIa.Aws;
using CloudIa.Aws.History;
using CloudIa.Aws.Queue;
using CloudIa.Aws.Storage;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Queues and a table of a test's own, on servers that it shares.</summary>
internal sealed class SqsQueueFixture : QueueFixture
{
    private static readonly BasicAWSCredentials Anybody = new("anybody", "anything");

    private readonly SqsServer server;
    private readonly List<SqsJobQueue> opened = [];

    private SqsQueueFixture(SqsServer server, DynamoServer dynamo)
    {
        this.server = server;
        var name = $"test-{Guid.NewGuid():N}";
        Options = new AwsOptions { Queue = $"{name}.fifo", DeadLetterQueue = $"{name}-dead.fifo", Table = name, PollSeconds = 1, QueueMilliseconds = 60_000, TableMilliseconds = 60_000 };
        Sqs = new AmazonSQSClient(Anybody, At(SqsQueues.Config(Options), server.Address, Wire));
        Dynamo = new AmazonDynamoDBClient(Anybody, new AmazonDynamoDBConfig { ServiceURL = dynamo.Address.ToString() });
        Store = new DynamoConversationStore(Dynamo, Options, Time, cache: null);
        Queue = Open();
    }

    public AwsOptions Options { get; }

    public QueueOptions QueueOptions { get; } = new();

    /// <summary>Between the client and the engine.</summary>
    public SqsWire Wire { get; } = new();

    public AmazonSQSClient Sqs { get; }

    public AmazonDynamoDBClient Dynamo { get; }

    /// <summary>A century on: DynamoDB deletes what has expired by its own clock.</summary>
    public FakeTimeProvider Time { get; } = new(Samples.Start.AddYears(100));

    public override IJobQueue Queue { get; protected set; }

    public override IConversationStore Store { get; }

    public override DateTimeOffset Now => Time.GetUtcNow();

    public override bool TellsDuplicates => false;

    public override bool TellsAge => false;

    public override TimeSpan Lease => QueueOptions.Lease;

    public static async Task<SqsQueueFixture> OpenAsync(SqsServer server, Engines engines)
    {
        var fixture = new SqsQueueFixture(server, await engines.DynamoAsync());
        var cancellation = TestContext.Current.CancellationToken;
        await SqsQueues.CreateAsync(fixture.Sqs, fixture.Options, fixture.QueueOptions, cancellation);
        await DynamoTable.CreateAsync(fixture.Dynamo, fixture.Options.Table, TimeProvider.System, cancellation);
        return fixture;
    }

    /// <summary>Another node on the same queues.</summary>
    public SqsJobQueue Open(IAmazonDynamoDB? dynamo = null)
    {
        var queue = new SqsJobQueue(Sqs, dynamo ?? Dynamo, Store, Options, QueueOptions, Time, NullLogger<SqsJobQueue>.Instance);
        opened.Add(queue);
        return queue;
    }

    /// <summary>Changes an attribute of the queue of jobs.</summary>
    public async Task SetAsync(string attribute, string value) =>
        await Sqs.SetQueueAttributesAsync(await UrlAsync(), new Dictionary<string, string> { [attribute] = value }, TestContext.Current.CancellationToken);

    public async Task<string> UrlAsync() => (await Sqs.GetQueueUrlAsync(Options.Queue, TestContext.Current.CancellationToken)).QueueUrl;

    /// <summary>Time that passes for the engine alone: a process that was stopped and goes on knows of none.</summary>
    public Task PassUnseenAsync(TimeSpan time) => server.PassAsync(time);

    /// <summary>This clock first: what is leased meanwhile by the engine's is then leased from the new time on.</summary>
    public override Task PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        return server.PassAsync(time);
    }

    public override async Task ReopenAsync()
    {
        await opened[^1].DisposeAsync();
        await Patience.Until(
            async _ => await server.WaitersAsync(Options.Queue) is null or 0 ? server : null,
            "the engine to see that the process has gone",
            server.Tail,
            every: TimeSpan.FromMilliseconds(2));
        Queue = Open();
    }

    public override async Task WaitsAsync(Task receive) => await Patience.Until(
        async _ => receive.IsCompleted || await server.WaitersAsync(Options.Queue) > 0 ? receive : null,
        "the receive to have looked at the queue",
        server.Tail,
        every: TimeSpan.FromMilliseconds(2));

    public override async ValueTask DisposeAsync()
    {
        foreach (var queue in opened)
        {
            await queue.DisposeAsync();
        }

        Sqs.Dispose();
        Dynamo.Dispose();
    }

    private static AmazonSQSConfig At(AmazonSQSConfig config, Uri address, SqsWire wire)
    {
        config.ServiceURL = address.ToString();
        config.HttpClientFactory = wire;
        return config;
    }
}
