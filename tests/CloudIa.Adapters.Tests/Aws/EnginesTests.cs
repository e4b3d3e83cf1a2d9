using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.SQS;
using CloudIa.TestEngines;
using StackExchange.Redis;

[assembly: AssemblyFixture(typeof(Engines))]

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>The servers that the adapters are tried on answer their own clients.</summary>
public sealed class EnginesTests(Engines engines)
{
    private static readonly BasicAWSCredentials Anybody = new("anybody", "anything");

    [Fact]
    public async Task Sqs_answers()
    {
        using var client = new AmazonSQSClient(Anybody, new AmazonSQSConfig { ServiceURL = (await engines.SqsAsync()).Address.ToString() });

        Assert.NotNull(await client.ListQueuesAsync("", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Dynamo_answers()
    {
        using var client = new AmazonDynamoDBClient(Anybody, new AmazonDynamoDBConfig { ServiceURL = (await engines.DynamoAsync()).Address.ToString() });

        Assert.NotNull(await client.ListTablesAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Redis_answers()
    {
        await using var client = await ConnectionMultiplexer.ConnectAsync((await engines.RedisAsync()).Endpoint + ",connectTimeout=60000,asyncTimeout=60000");

        Assert.True(await client.GetDatabase().PingAsync() > TimeSpan.Zero);
    }
}
