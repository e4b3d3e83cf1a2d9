using Amazon.DynamoDBv2;
using Amazon.SQS;
using CloudIa.Aws.Queue;
using CloudIa.Aws.Secrets;
using CloudIa.Aws.Storage;

namespace CloudIa.Aws;

/// <summary>The clients of the engines: region, credentials and endpoints are found as the SDK finds them.</summary>
/// <param name="options">Names and time limits.</param>
/// <param name="redis">host:port of Redis, and what StackExchange.Redis takes behind it. May hold a password.</param>
public sealed class AwsEngines(AwsOptions options, string redis) : IDisposable
{
    public AwsOptions Options => options;

    public string Redis => redis;

    public IAmazonSQS Sqs { get; } = SqsQueues.Client(options);

    public IAmazonDynamoDB Dynamo { get; } = DynamoClient.Create(options);

    public SharedSecrets Secrets => new(Dynamo, options.Table);

    public void Dispose()
    {
        Sqs.Dispose();
        Dynamo.Dispose();
    }
}
