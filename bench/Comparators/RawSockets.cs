using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Bench.Comparators;

/// <summary>
/// Comparator of rows 8 and 14: raw Kestrel WebSockets that are told "count*bytes,count*bytes…" and send so many messages
/// of so many bytes from one prepared buffer, one after the other.
/// </summary>
internal static class RawSockets
{
    private static readonly byte[] Payload = Encoding.UTF8.GetBytes(new string('x', 1024 * 1024));

    public static Task RunAsync(int port) => BareKestrel.RunAsync(port, ServeAsync, app =>
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = Timeout.InfiniteTimeSpan }));

    private static async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
            return;

        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted) is { MessageType: WebSocketMessageType.Text } asked)
            {
                foreach (var part in Encoding.UTF8.GetString(buffer, 0, asked.Count).Split(','))
                    await SendAsync(socket, part.Split('*'), context.RequestAborted);
            }
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException)
        {
            // The client left.
        }
    }

    private static async Task SendAsync(WebSocket socket, string[] part, CancellationToken cancellation)
    {
        var bytes = Payload.AsMemory(0, int.Parse(part[1], CultureInfo.InvariantCulture));
        for (var left = int.Parse(part[0], CultureInfo.InvariantCulture); left > 0; left--)
            await socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, cancellation);
    }
}
