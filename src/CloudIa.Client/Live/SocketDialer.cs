using System.Net;
using System.Net.WebSockets;
using CloudIa.Protocol;

namespace CloudIa.Client.Live;

/// <summary>Opens sockets to a service; tells a refusal, which stays, from a failure, which may pass.</summary>
internal sealed class SocketDialer(Uri service, Func<string?> token)
{
    private readonly Uri _socket = SocketUri(service);

    /// <exception cref="CloudIaException">The session or the origin is not accepted.</exception>
    public async Task<WebSocket> DialAsync(CancellationToken cancel)
    {
        var socket = new ClientWebSocket();
        try
        {
            // A browser gives scripts neither the headers nor the status of a handshake; the cookie goes by itself.
            if (!OperatingSystem.IsBrowser())
            {
                socket.Options.CollectHttpResponseDetails = true;
                if (token() is { } bearer)
                    socket.Options.SetRequestHeader("Authorization", $"Bearer {bearer}");
            }

            await socket.ConnectAsync(_socket, cancel);
            return socket;
        }
        catch (WebSocketException failure) when (!OperatingSystem.IsBrowser() && IsRefusal(socket.HttpStatusCode))
        {
            var status = (int)socket.HttpStatusCode;
            socket.Dispose();
            throw new CloudIaException(
                status == 401 ? ErrorCode.TokenInvalid : ErrorCode.OriginForbidden,
                "The service does not accept this session.", failure, status);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsRefusal(HttpStatusCode status) =>
        status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    private static Uri SocketUri(Uri service)
    {
        var at = new UriBuilder(new Uri(service, "ws"));
        at.Scheme = at.Scheme == Uri.UriSchemeHttps ? Uri.UriSchemeWss : Uri.UriSchemeWs;
        return at.Uri;
    }
}
