using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.SQS;
using Amazon.SQS.Model;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of row 6: the calls of the engines that lie between a message and its first token, one after the other, by
/// the bare clients in one process, with payloads of our sizes. A POST makes them once and is answered with the
/// milliseconds of each (<see cref="Hops"/>).
/// </summary>
internal sealed class BareEngines : IAsyncDisposable
{
    /// <summary>Where Redis is; the AWS engines are found as the SDK finds them.</summary>
    public const string RedisVariable = "BENCH_REDIS";

    /// <summary>The hops, in their order.</summary>
    public static readonly string[] Hops =
    [
        "Redis, the quota's round trip",
        "SQS, send to receive",
        "DynamoDB, read of the conversation",
        "DynamoDB, conditional update of the conversation",
        "DynamoDB, conditional put of the turn",
        "Redis, the start's round trip",
        "Redis, publish to subscriber",
        "Redis, the text's round trip",
    ];

    // Bytes of texts, so that requests are about as long as ours, as seen on the wire.
    private const int BodyBytes = 400;
    private const int ConversationBytes = 410;
    private const int TurnBytes = 270;
    private const int QuotaBytes = 320;
    private const int StartBytes = 860;
    private const int WordBytes = 70;
    private const int SliceBytes = 300;

    private static readonly ReturnConsumedCapacity Told = ReturnConsumedCapacity.TOTAL;

    private readonly string _name = $"bare-{Guid.NewGuid():N}";
    private readonly AmazonSQSClient _sqs = new();
    private readonly AmazonDynamoDBClient _dynamo = new();
    private readonly ConnectionMultiplexer _redis;
    private readonly RedisChannel _channel;
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _sent = new();
    private TaskCompletionSource _heard = new();
    private string _queue = "";

    private BareEngines(ConnectionMultiplexer redis)
    {
        _redis = redis;
        _channel = RedisChannel.Literal(_name);
    }

    public static async Task RunAsync(int port)
    {
        await using var engines = new BareEngines(
            await ConnectionMultiplexer.ConnectAsync(Environment.GetEnvironmentVariable(RedisVariable)!));
        await engines.PrepareAsync();
        await BareKestrel.RunAsync(port, async context =>
        {
            if (context.Request.Method == "GET")
                return;

            await BareKestrel.ReadBodyAsync(context);
            var answer = JsonSerializer.SerializeToUtf8Bytes(await engines.HopAsync());
            context.Response.ContentLength = answer.Length;
            await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
        });
    }

    public async ValueTask DisposeAsync()
    {
        _sqs.Dispose();
        _dynamo.Dispose();
        await _redis.DisposeAsync();
    }

    private async Task PrepareAsync()
    {
        var made = await _sqs.CreateQueueAsync(new CreateQueueRequest
        {
            QueueName = _name + ".fifo",
            Attributes = new() { [QueueAttributeName.FifoQueue] = "true" },
        });
        _queue = made.QueueUrl;
        await _dynamo.CreateTableAsync(new CreateTableRequest
        {
            TableName = _name,
            BillingMode = BillingMode.PAY_PER_REQUEST,
            AttributeDefinitions = [new AttributeDefinition("pk", ScalarAttributeType.S), new AttributeDefinition("sk", ScalarAttributeType.S)],
            KeySchema = [new KeySchemaElement("pk", KeyType.HASH), new KeySchemaElement("sk", KeyType.RANGE)],
        });
        await _redis.GetSubscriber().SubscribeAsync(_channel, (_, _) => _heard.TrySetResult());
        _ = ReceiveAsync();
    }

    /// <summary>One long poll after the other, as a worker does.</summary>
    private async Task ReceiveAsync()
    {
        while (true)
        {
            var received = await _sqs.ReceiveMessageAsync(new ReceiveMessageRequest
            {
                QueueUrl = _queue,
                MaxNumberOfMessages = 10,
                WaitTimeSeconds = 20,
                MessageAttributeNames = ["All"],
                MessageSystemAttributeNames = ["MessageGroupId", "SentTimestamp", "ApproximateReceiveCount"],
            });
            foreach (var message in received.Messages ?? [])
            {
                if (_sent.TryRemove(message.Attributes["MessageGroupId"], out var waiting))
                    waiting.SetResult();
                await _sqs.DeleteMessageAsync(_queue, message.ReceiptHandle);
            }
        }
    }

    private async Task<List<double>> HopAsync()
    {
        var times = new List<double>(Hops.Length);
        var redis = _redis.GetDatabase();
        var id = Guid.NewGuid().ToString("N");

        await TimeAsync(() => redis.StringSetAsync(_name + "quota", Text(QuotaBytes)));
        Task sending = Task.CompletedTask;
        await TimeAsync(() =>
        {
            var received = _sent[id] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            sending = SendAsync(id);
            return received.Task;
        });
        await TimeAsync(() => _dynamo.GetItemAsync(new GetItemRequest { TableName = _name, Key = Key("CHAT", id), ConsistentRead = true, ReturnConsumedCapacity = Told }));
        await TimeAsync(() => _dynamo.UpdateItemAsync(new UpdateItemRequest
        {
            TableName = _name,
            Key = Key("CHAT", id),
            UpdateExpression = "SET #t = :t",
            ConditionExpression = "attribute_not_exists(#t)",
            ExpressionAttributeNames = new() { ["#t"] = "text" },
            ExpressionAttributeValues = new() { [":t"] = new AttributeValue(Text(ConversationBytes)) },
            ReturnValues = ReturnValue.ALL_NEW,
            ReturnConsumedCapacity = Told,
        }));
        await TimeAsync(() =>
        {
            var turn = Key("TURN", id);
            turn["text"] = new AttributeValue(Text(TurnBytes));
            return _dynamo.PutItemAsync(new PutItemRequest
            {
                TableName = _name,
                Item = turn,
                ConditionExpression = "attribute_not_exists(pk)",
                ReturnConsumedCapacity = Told,
            });
        });
        await TimeAsync(() => redis.StringSetAsync(_name + "start", Text(StartBytes)));
        await TimeAsync(() =>
        {
            _heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _ = redis.PublishAsync(_channel, Text(WordBytes));
            return _heard.Task;
        });
        await redis.StringSetAsync(_name + "text", Text(SliceBytes));
        await TimeAsync(() => redis.StringGetAsync(_name + "text"));
        await sending;
        return times;

        async Task TimeAsync(Func<Task> call)
        {
            var started = Stopwatch.GetTimestamp();
            await call().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
    }

    private Task SendAsync(string id) => _sqs.SendMessageBatchAsync(_queue,
    [
        new SendMessageBatchRequestEntry
        {
            Id = "0",
            MessageBody = Text(BodyBytes),
            MessageGroupId = id,
            MessageDeduplicationId = id,
            MessageAttributes = new()
            {
                ["jobId"] = Attribute(34),
                ["owner"] = Attribute(24),
                ["conversationId"] = Attribute(34),
                ["traceparent"] = Attribute(55),
            },
        },
    ]);

    private static MessageAttributeValue Attribute(int length) => new() { DataType = "String", StringValue = Text(length) };

    private static Dictionary<string, AttributeValue> Key(string kind, string id) =>
        new() { ["pk"] = new AttributeValue("USER#bare"), ["sk"] = new AttributeValue($"{kind}#{id}") };

    private static string Text(int length) => new('x', length);
}
