using CloudIa.Core.Delivery;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Connections;

/// <summary>One SSE stream. A silent one is kept alive by comments; it ends plainly, which means: reconnect.</summary>
internal sealed class StreamConnection(ConnectionRegistry registry, HttpContext context, OwnerFeed feed, DateTimeOffset expiresAt)
    : ClientConnection(registry, context.Features.Get<IConnectionLifetimeFeature>(), feed, expiresAt)
{
    protected override void Watch(int now)
    {
        if (now - ActiveAt >= Registry.Options.SseHeartbeatSeconds)
        {
            Feed.Beat();
        }
    }
}
