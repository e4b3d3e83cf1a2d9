using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of row 9: raw Kestrel WebSockets that wait in a zero-byte read, so that an idle connection rents no
/// receive buffer. No keep-alive timer, no frame sent: the least that Kestrel's own WebSockets can hold.
/// </summary>
internal static class IdleSockets
{
    public static Task RunAsync(int port) => BareKestrel.RunAsync(port, HoldAsync, app =>
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan }));

    private static async Task HoldAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
            return;

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            while (true)
            {
                var read = await socket.ReceiveAsync(Memory<byte>.Empty, context.RequestAborted);
                if (read.MessageType == WebSocketMessageType.Close)
                    return;
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // The client left without a closing handshake, as the load does.
        }
    }
}
