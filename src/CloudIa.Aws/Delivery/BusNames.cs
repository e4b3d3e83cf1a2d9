using System.Globalization;
using CloudIa.Core.Conversations;
using StackExchange.Redis;

namespace CloudIa.Aws.Delivery;

/// <summary>Names of keys and channels. An owner's length stands before it, so that no two owners' names meet; braces keep a job's keys in one slot.</summary>
internal static class BusNames
{
    /// <summary>Where every node hears of stops.</summary>
    public static readonly RedisChannel Stops = RedisChannel.Literal("cloudia:stops");

    public static RedisKey[] Answer(JobKey job)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"cloudia:answer:{{{job.Owner.Length}:{job.Owner}:{job.JobId}}}");
        return [name, name + ":text"];
    }

    public static RedisChannel Owner(string owner) => RedisChannel.Literal("cloudia:owner:" + owner);

    public static RedisChannel Node(string node) => RedisChannel.Literal("cloudia:node:" + node);

    public static RedisKey Connection(string connectionId) => "cloudia:connection:" + connectionId;
}
