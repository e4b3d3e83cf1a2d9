using System.Globalization;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using CloudIa.Core.Queue;

namespace CloudIa.Aws.Queue;

/// <summary>The client of SQS, and the two queues that the service needs.</summary>
public static class SqsQueues
{
    /// <summary>
    /// How often the engine gives a message before it gives up on it. Far above the attempts of a job, which the history
    /// counts: each wait for a provider is a receive, too. 1,000 is the most that SQS takes.
    /// </summary>
    private const int MaxReceives = 1000;

    /// <summary>A client whose calls end in time: one that a dead engine does not answer fails within <see cref="AwsOptions.QueueMilliseconds"/>, its retry included.</summary>
    /// <param name="options">The time limits.</param>
    /// <param name="endpoint">Another server than the region's; null: the SDK's variables say.</param>
    /// <param name="credentials">Null: the SDK looks for them.</param>
    public static AmazonSQSClient Client(AwsOptions options, Uri? endpoint = null, AWSCredentials? credentials = null)
    {
        var config = Config(options);
        if (endpoint is not null)
        {
            config.ServiceURL = endpoint.ToString();
        }

        return credentials is null ? new AmazonSQSClient(config) : new AmazonSQSClient(credentials, config);
    }

    /// <summary>The settings of that client.</summary>
    public static AmazonSQSConfig Config(AwsOptions options) => new()
    {
        // Of one try; a call's own limit is shorter where it is no long poll.
        Timeout = TimeSpan.FromMilliseconds(options.QueueMilliseconds) + TimeSpan.FromSeconds(options.PollSeconds),
        ConnectTimeout = TimeSpan.FromMilliseconds(options.QueueMilliseconds),
        MaxErrorRetry = 2,
    };

    /// <summary>Makes the queue of jobs and its dead-letter queue where they are missing: the names of those that were made.</summary>
    public static async Task<IReadOnlyList<string>> CreateAsync(IAmazonSQS sqs, AwsOptions options, QueueOptions queueOptions, CancellationToken cancellation)
    {
        var made = new List<string>();
        var deadLetters = await EnsureAsync(sqs, options.DeadLetterQueue, Attributes(queueOptions), made, cancellation);
        var arn = (await sqs.GetQueueAttributesAsync(deadLetters, [QueueAttributeName.QueueArn], cancellation)).Attributes[QueueAttributeName.QueueArn];
        var redrive = string.Create(CultureInfo.InvariantCulture, $$"""{"deadLetterTargetArn":"{{arn}}","maxReceiveCount":{{MaxReceives}}}""");

        var jobs = await EnsureAsync(sqs, options.Queue, Attributes(queueOptions), made, cancellation);
        var known = (await sqs.GetQueueAttributesAsync(jobs, [QueueAttributeName.RedrivePolicy], cancellation)).Attributes;
        if (known?.GetValueOrDefault(QueueAttributeName.RedrivePolicy) is null or "")
        {
            await sqs.SetQueueAttributesAsync(jobs, new Dictionary<string, string> { [QueueAttributeName.RedrivePolicy] = redrive }, cancellation);
        }

        return made;
    }

    private static async Task<string> EnsureAsync(IAmazonSQS sqs, string name, Dictionary<string, string> attributes, List<string> made, CancellationToken cancellation)
    {
        try
        {
            return (await sqs.GetQueueUrlAsync(name, cancellation)).QueueUrl;
        }
        catch (QueueDoesNotExistException)
        {
            made.Add(name);
            return (await sqs.CreateQueueAsync(new CreateQueueRequest { QueueName = name, Attributes = attributes }, cancellation)).QueueUrl;
        }
    }

    /// <summary>A throughput a conversation, and messages for as long as SQS keeps any: 14 days.</summary>
    private static Dictionary<string, string> Attributes(QueueOptions options) => new()
    {
        [QueueAttributeName.FifoQueue] = "true",
        [QueueAttributeName.DeduplicationScope] = "messageGroup",
        [QueueAttributeName.FifoThroughputLimit] = "perMessageGroupId",
        [QueueAttributeName.VisibilityTimeout] = options.LeaseSeconds.ToString(CultureInfo.InvariantCulture),
        [QueueAttributeName.MessageRetentionPeriod] = "1209600",
        [QueueAttributeName.MaximumMessageSize] = SqsMessage.MaxBytes.ToString(CultureInfo.InvariantCulture),
    };
}
