using System.Reflection;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using CloudIa.Aws;
using CloudIa.Aws.History;
using CloudIa.Aws.Storage;
using CloudIa.Core.History;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>One table in AWS's own DynamoDB Local; owners are each test's own.</summary>
public sealed class DynamoFixture(Engines engines) : IAsyncLifetime
{
    /// <summary>Calls may take long here: the machine may be busy. What the limits do has a test of its own.</summary>
    internal AwsOptions Options { get; } = new() { Table = $"history-{Guid.NewGuid():N}", TableMilliseconds = 60_000 };

    internal AmazonDynamoDBClient Client { get; private set; } = null!;

    public static AmazonDynamoDBClient ClientOf(Uri endpoint, AwsOptions options) =>
        DynamoClient.Create(options, endpoint, new BasicAWSCredentials("anybody", "anything"));

    /// <summary>The way to Redis, which all stores of the fixture share.</summary>
    internal RedisLink Link { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Link = RedisNode.Connect(await engines.RedisAsync());
        Client = ClientOf((await engines.DynamoAsync()).Address, Options);
        await DynamoTable.CreateAsync(Client, Options.Table, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Link is not null)
        {
            await Link.DisposeAsync();
        }
    }

    internal DynamoConversationStore NewStore(IAmazonDynamoDB? client = null) => NewStore(new MessageCache(Link, TimeSpan.FromMinutes(10)), client);

    internal DynamoConversationStore NewStore(MessageCache? cache, IAmazonDynamoDB? client = null) => new(client ?? Client, Options, TimeProvider.System, cache);

    /// <summary>Some nodes' stores as one: each call goes to the next of them, and they share nothing but the engines. The last reads the table alone.</summary>
    internal IConversationStore NewNodes(int count) => Nodes.Of([.. Enumerable.Range(1, count - 1).Select(_ => NewStore()), NewStore(cache: null)]);

    /// <summary>Public, because a proxy derives from it.</summary>
    public class Nodes : DispatchProxy
    {
        private IConversationStore[] stores = [];
        private int calls;

        public static IConversationStore Of(IConversationStore[] stores)
        {
            var nodes = Create<IConversationStore, Nodes>();
            ((Nodes)nodes).stores = stores;
            return nodes;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.Invoke(stores[(uint)Interlocked.Increment(ref calls) % stores.Length], args);
    }
}
