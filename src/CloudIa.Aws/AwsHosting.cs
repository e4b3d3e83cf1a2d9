using Amazon.SQS.Model;
using CloudIa.Aws.Delivery;
using CloudIa.Aws.History;
using CloudIa.Aws.Intake;
using CloudIa.Aws.Queue;
using CloudIa.Aws.Relay;
using CloudIa.Aws.Storage;
using CloudIa.Core.Delivery;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Core.Health;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudIa.Aws;

/// <summary>The four ports on many machines.</summary>
public static class AwsHosting
{
    /// <summary>The connections end with the services.</summary>
    public static IServiceCollection AddAws(this IServiceCollection services, AwsEngines engines) => services
        .AddSingleton(_ => engines)
        .AddSingleton(_ => engines.Sqs)
        .AddSingleton(_ => engines.Dynamo)
        .AddSingleton(engines.Options)
        .AddSingleton(services => RedisLink.Connect(
            engines.Redis,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<RedisLink>>(),
            TimeSpan.FromMilliseconds(engines.Options.RedisMilliseconds)))
        .AddSingleton<IJobQueue, SqsJobQueue>()
        .AddSingleton<IConversationStore>(services => new DynamoConversationStore(
            engines.Dynamo, engines.Options, services.GetRequiredService<TimeProvider>(), CacheOf(engines.Options, services.GetRequiredService<RedisLink>())))
        .AddSingleton<IDeliveryBus, RedisDeliveryBus>()
        .AddSingleton<IRelayRegistry, RedisRelayRegistry>()
        .AddSingleton<IRelayPost, ConnectionsPost>()
        .AddSingleton<IQuota>(services => new RedisQuota(
            services.GetRequiredService<RedisLink>(),
            services.GetRequiredService<QuotaOptions>(),
            PlacesLive(services.GetRequiredService<WorkOptions>()),
            services.GetRequiredService<TimeProvider>()))
        .AddSingleton(_ => QueueProbe(engines))
        .AddSingleton(_ => TableProbe(engines))
        .AddSingleton(services => RedisProbe(services.GetRequiredService<RedisLink>()));

    private static MessageCache? CacheOf(AwsOptions options, RedisLink link) =>
        options.MessageCacheSeconds == 0 ? null : new MessageCache(link, TimeSpan.FromSeconds(options.MessageCacheSeconds));

    /// <summary>A job waits as long for its provider, and may as long wait for its turn before.</summary>
    private static TimeSpan PlacesLive(WorkOptions work) => 2 * TimeSpan.FromSeconds(work.ProviderWaitSeconds);

    private static EngineProbe QueueProbe(AwsEngines engines) => new("queue", Needed: true, async cancellation =>
    {
        var url = await engines.Sqs.GetQueueUrlAsync(engines.Options.Queue, cancellation);
        var depth = await engines.Sqs.GetQueueAttributesAsync(
            new GetQueueAttributesRequest(url.QueueUrl, ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]), cancellation);
        return $"{depth.ApproximateNumberOfMessages} waiting, {depth.ApproximateNumberOfMessagesNotVisible} leased";
    });

    /// <summary>Without it messages are accepted, and wait.</summary>
    private static EngineProbe TableProbe(AwsEngines engines) => new("table", Needed: false, async cancellation =>
    {
        await engines.Dynamo.DescribeTableAsync(engines.Options.Table, cancellation);
        return null;
    });

    /// <summary>Without it answers are stored, and seen a little later.</summary>
    private static EngineProbe RedisProbe(RedisLink link) =>
        new("redis", Needed: false, _ => link.Away ? Task.FromException<string?>(new IOException("Redis does not answer.")) : Task.FromResult<string?>(null));
}
