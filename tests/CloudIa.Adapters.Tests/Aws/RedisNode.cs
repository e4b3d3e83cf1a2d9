using CloudIa.Aws.Delivery;
using CloudIa.Aws.Storage;
using CloudIa.Core.Delivery;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>A node: its own way to Redis, and its own bus on it.</summary>
internal sealed class RedisNode : IAsyncDisposable
{
    /// <summary>A node that does not wait for Redis.</summary>
    /// <param name="server">Where Redis is to be.</param>
    /// <param name="limit">How long a call may take; null: as long as a busy machine takes.</param>
    public RedisNode(RedisServer server, TimeSpan? limit = null)
    {
        Link = Connect(server, limit);
        Bus = new RedisDeliveryBus(Link, TimeProvider.System);
    }

    /// <summary>A way to Redis that may still be closed.</summary>
    public static RedisLink Connect(RedisServer server, TimeSpan? limit = null) => RedisLink.Connect(
        FormattableString.Invariant($"{server.Endpoint},asyncTimeout={Patience.Usual.TotalMilliseconds},syncTimeout={Patience.Usual.TotalMilliseconds}"),
        TimeProvider.System,
        NullLogger<RedisLink>.Instance,
        limit ?? Patience.Usual);

    /// <summary>A node that has found Redis.</summary>
    public static async Task<RedisNode> OpenAsync(RedisServer server, TimeSpan? limit = null)
    {
        var node = new RedisNode(server, limit);
        await node.BecomesAsync(DeliveryState.Lossy);
        return node;
    }

    public Task BecomesAsync(DeliveryState state) => Patience.Until<object>(
        _ => Task.FromResult<object?>(Bus.State == state ? this : null), $"the node to find Redis {state}", () => "");

    public RedisLink Link { get; }

    public RedisDeliveryBus Bus { get; }

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await Link.DisposeAsync();
    }

    public bool IsListening(RedisChannel channel) => Link.Subscriber.SubscribedEndpoint(channel) is not null;

    /// <summary>The next thing that a feed says.</summary>
    public static async Task<FeedItem> NextAsync(OwnerFeed feed)
    {
        while (true)
        {
            if (feed.TryTake(out var item))
            {
                return item;
            }

            await Patience.For(feed.WaitAsync().AsTask(), "a word", () => "");
        }
    }
}
