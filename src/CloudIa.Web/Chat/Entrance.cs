using CloudIa.Client;

namespace CloudIa.Web.Chat;

/// <summary>
/// Sees to it that the browser holds the cookie of a session that the service accepts: where it does already, the
/// service goes on with it. Asks once and quickly: it is asked again whenever the connection is lost, because a
/// browser does not tell why a socket was refused.
/// </summary>
internal sealed class Entrance(HttpClient http)
{
    private static readonly ClientOptions Once = new() { Tries = 1, TryTimeout = TimeSpan.FromSeconds(4) };

    private readonly CloudIaClient _client = new(http, Once);

    public async Task EnterAsync() => await _client.CreateSessionAsync();
}
