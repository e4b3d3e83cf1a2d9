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
    public RedisNode(RedisServer server, TimeSpan? limit = null)
    {
        Link = RedisLink.Connect(server.Endpoint, TimeProvider.System, NullLogger<RedisLink>.Instance, limit);
        Bus = new RedisDeliveryBus(Link, TimeProvider.System);
    }

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
