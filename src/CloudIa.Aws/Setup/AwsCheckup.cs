using System.Diagnostics;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using CloudIa.Aws.Storage;
using CloudIa.Core.Health;
using StackExchange.Redis;

namespace CloudIa.Aws.Setup;

/// <summary>Looks at the engines for the doctor: are they there, are they as they must be, and may this process do what it will do. Nothing is changed by it.</summary>
public sealed class AwsCheckup(AwsEngines engines, TimeProvider time)
{
    private const string Init = "run: cloudia init aws";

    private const string Redis = "redis";

    private static readonly TimeSpan RedisPatience = TimeSpan.FromSeconds(10);

    /// <summary>Receipts and keys that nothing has: a call with them is refused for that, unless it is refused for want of a permission first.</summary>
    private const string Nothing = "cloudia-doctor";

    /// <summary>Signatures of requests are void beyond 5 min; leases and limits want better.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(2);

    private readonly AwsOptions options = engines.Options;

    public async IAsyncEnumerable<Finding> LookAsync()
    {
        yield return await QueueAsync(options.Queue);
        yield return await QueueAsync(options.DeadLetterQueue);
        yield return await TableAsync();
        yield return await RedisWithinAsync();
    }

    private async Task<Finding> QueueAsync(string name)
    {
        var part = $"queue {name}";
        try
        {
            var watch = Stopwatch.StartNew();
            var url = (await engines.Sqs.GetQueueUrlAsync(name)).QueueUrl;
            var attributes = (await engines.Sqs.GetQueueAttributesAsync(url, ["All"])).Attributes;
            var took = watch.ElapsedMilliseconds;
            if (attributes.GetValueOrDefault("FifoQueue") != "true")
            {
                return new Finding(part, "is no FIFO queue", "name another with CLOUDIA__AWS__QUEUE, or delete this one and " + Init);
            }

            if (name == options.Queue && !attributes.GetValueOrDefault("RedrivePolicy", "").Contains(options.DeadLetterQueue, StringComparison.Ordinal))
            {
                return new Finding(part, $"has no redrive policy to {options.DeadLetterQueue}", Init);
            }

            return await ForbiddenAsync(
                ("sqs:SendMessage", () => engines.Sqs.SendMessageAsync(new SendMessageRequest(url, Nothing))),
                ("sqs:ChangeMessageVisibility", () => engines.Sqs.ChangeMessageVisibilityAsync(url, Nothing, 0)),
                ("sqs:DeleteMessage", () => engines.Sqs.DeleteMessageAsync(url, Nothing))) is { } forbidden
                ? Forbidden(part, forbidden)
                : new Finding(part, $"{attributes.GetValueOrDefault("ApproximateNumberOfMessages", "0")} waiting, answers in {took} ms");
        }
        catch (QueueDoesNotExistException)
        {
            return new Finding(part, "is not there", Init);
        }
        catch (Exception error) when (IsAway(error))
        {
            return Away(part, error, "AWS_ENDPOINT_URL_SQS");
        }
    }

    private async Task<Finding> TableAsync()
    {
        var part = $"table {options.Table}";
        try
        {
            var watch = Stopwatch.StartNew();
            var table = (await engines.Dynamo.DescribeTableAsync(options.Table)).Table;
            var took = watch.ElapsedMilliseconds;
            if (!table.KeySchema.Select(key => key.AttributeName).SequenceEqual([DynamoTable.PartitionKey, DynamoTable.SortKey]))
            {
                return new Finding(part, "has other keys than cloud-ia's", "name another with CLOUDIA__AWS__TABLE");
            }

            var ttl = (await engines.Dynamo.DescribeTimeToLiveAsync(options.Table)).TimeToLiveDescription;
            if (ttl?.AttributeName != DynamoTable.ExpiresAt)
            {
                return new Finding(part, "lets nothing expire", Init);
            }

            Dictionary<string, AttributeValue> nobody = new()
            {
                [DynamoTable.PartitionKey] = new AttributeValue(Nothing),
                [DynamoTable.SortKey] = new AttributeValue(Nothing),
            };
            const string there = $"attribute_exists({DynamoTable.PartitionKey})";
            return await ForbiddenAsync(
                ("dynamodb:GetItem", () => engines.Dynamo.GetItemAsync(options.Table, nobody)),
                ("dynamodb:PutItem", () => engines.Dynamo.PutItemAsync(new PutItemRequest { TableName = options.Table, Item = nobody, ConditionExpression = there })),
                ("dynamodb:UpdateItem", () => engines.Dynamo.UpdateItemAsync(new UpdateItemRequest { TableName = options.Table, Key = nobody, ConditionExpression = there })),
                ("dynamodb:DeleteItem", () => engines.Dynamo.DeleteItemAsync(new DeleteItemRequest { TableName = options.Table, Key = nobody, ConditionExpression = there }))) is { } forbidden
                ? Forbidden(part, forbidden)
                : new Finding(part, $"{table.TableStatus}, answers in {took} ms");
        }
        catch (Amazon.DynamoDBv2.Model.ResourceNotFoundException)
        {
            return new Finding(part, "is not there", Init);
        }
        catch (Exception error) when (IsAway(error))
        {
            return Away(part, error, "AWS_ENDPOINT_URL_DYNAMODB");
        }
    }

    /// <summary>In time, whatever the client makes of a server that is away.</summary>
    private async Task<Finding> RedisWithinAsync()
    {
        try
        {
            return await Task.Run(RedisAsync).WaitAsync(RedisPatience, time);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            // Not the configuration: it may hold a password.
            return new Finding(Redis, $"is away: {error.GetType().Name}", "answers are kept and arrive later without it; start it, or set CLOUDIA__REDIS");
        }
    }

    private async Task<Finding> RedisAsync()
    {
        var configuration = ConfigurationOptions.Parse(engines.Redis);
        configuration.ConnectTimeout = configuration.AsyncTimeout = options.QueueMilliseconds;
        configuration.ConnectRetry = 1;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(configuration);
        var took = await redis.GetDatabase().PingAsync();
        var skew = await redis.GetServers()[0].TimeAsync() - time.GetUtcNow().UtcDateTime;
        return skew.Duration() > Skew
            ? new Finding(Redis, $"its clock and this machine's are {skew.Duration().TotalSeconds:0} s apart", "let both follow the same time server (NTP)")
            : new Finding(Redis, $"answers in {took.TotalMilliseconds:0} ms, clocks agree");
    }

    /// <summary>The first of the calls that is not permitted. Each is refused for what is wrong with it otherwise.</summary>
    private static async Task<string?> ForbiddenAsync(params (string Action, Func<Task> Call)[] calls)
    {
        foreach (var (action, call) in calls)
        {
            try
            {
                await call();
            }
            catch (AmazonServiceException error) when (error.ErrorCode is "AccessDenied" or "AccessDeniedException")
            {
                return action;
            }
            catch (AmazonServiceException error) when ((int)error.StatusCode is >= 400 and < 500)
            {
                // As it should be: permitted, and nothing to do.
            }
        }

        return null;
    }

    private static Finding Forbidden(string part, string action) =>
        new(part, $"{action} is not permitted", "grant it to this process's role (docs/DEPLOYMENT.md lists what is needed)");

    private static Finding Away(string part, Exception error, string endpoint) => error is AmazonServiceException { ErrorCode: "AccessDenied" or "AccessDeniedException" }
        ? new(part, "may not be looked at", "grant this process's role what docs/DEPLOYMENT.md lists")
        : new(part, $"is away: {error.Message}", $"check the network, AWS_REGION, credentials and {endpoint}");

    private static bool IsAway(Exception error) =>
        error is AmazonServiceException or AmazonClientException or HttpRequestException or OperationCanceledException or TimeoutException;
}
