using System.Text.Json.Serialization.Metadata;
using CloudIa.Client.Calls;
using CloudIa.Protocol;

namespace CloudIa.Client;

/// <summary>
/// The HTTP calls of cloud-ia. Every method throws <see cref="CloudIaException"/> where the service refuses or
/// cannot be reached, after trying again while that may help; all are safe to try again. One instance serves
/// many callers at once.
/// </summary>
/// <param name="http">Its BaseAddress is the service's root, ending in a slash.</param>
/// <param name="options">Tries and their pauses; null: the defaults.</param>
/// <param name="time">Null: the system's clock.</param>
public sealed partial class CloudIaClient(HttpClient http, ClientOptions? options = null, TimeProvider? time = null)
{
    private readonly HttpCaller _caller = new(http, options ?? new ClientOptions(), time ?? TimeProvider.System);

    /// <summary>
    /// The session's bearer token. Null in browsers, where the session is a cookie that scripts cannot read.
    /// </summary>
    public string? Token
    {
        get => _caller.Token;
        set => _caller.Token = value;
    }

    /// <summary>
    /// Begins an anonymous session, which owns the conversations made in it, and uses its token from here on; with a
    /// token (in a browser: a cookie) that is still good, carries the same session on to a later end. A browser keeps
    /// the cookie that comes with the answer.
    /// </summary>
    public async Task<SessionView> CreateSessionAsync(CancellationToken cancel = default)
    {
        var session = await _caller.CallAsync(
            () => new HttpRequestMessage(HttpMethod.Post, "sessions"), ProtocolJson.Default.SessionView, cancel);
        if (!OperatingSystem.IsBrowser())
            Token = session.Token;
        return session;
    }

    /// <summary>
    /// Hands a message over and returns its receipt: from then on the service answers it, come what may.
    /// Needs a session (<see cref="CreateSessionAsync"/>), because the idempotency key that makes a try after a
    /// lost receipt safe counts within its owner.
    /// </summary>
    /// <param name="request">The message, and where it belongs.</param>
    /// <param name="idempotencyKey">
    /// One for each message the user sent, the same on every try; null: a random one, for the tries of this call.
    /// </param>
    public Task<ChatAccepted> PostAsync(
        ChatRequest request, string? idempotencyKey = null, CancellationToken cancel = default) =>
        SendAsync(
            "chat", request, ProtocolJson.Default.ChatRequest, idempotencyKey ?? NewKey(), ProtocolJson.Default.ChatAccepted, cancel);

    /// <summary>A fresh idempotency key: 128 random bits.</summary>
    public static string NewKey() => Guid.NewGuid().ToString("N");

    /// <summary>Where a job stands, with its answer's text so far.</summary>
    public Task<JobView> GetJobAsync(string jobId, CancellationToken cancel = default) =>
        GetAsync($"chat/{Segment(jobId)}", ProtocolJson.Default.JobView, cancel);

    /// <summary>Asks for a job to be stopped; that it has stopped is told by its <c>message_stopped</c>.</summary>
    public Task StopAsync(string jobId, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Delete, $"chat/{Segment(jobId)}"), cancel);

    /// <summary>The models that may be asked for.</summary>
    public Task<ModelsView> GetModelsAsync(CancellationToken cancel = default) =>
        GetAsync("models", ProtocolJson.Default.ModelsView, cancel);

    private Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Get, path), type, cancel);

    private static string Segment(string value) => Uri.EscapeDataString(value);

    /// <summary>The query of a page.</summary>
    internal static string Page(string? cursor, int? limit, bool all = false) =>
        Query(("all", all ? "true" : null), ("cursor", cursor), ("limit", Text(limit)));

    private static string? Text(int? number) => number?.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Query(params ReadOnlySpan<(string Name, string? Value)> fields)
    {
        var query = "";
        foreach (var (name, value) in fields)
        {
            if (value is not null)
                query += $"{(query.Length == 0 ? '?' : '&')}{name}={Uri.EscapeDataString(value)}";
        }

        return query;
    }
}
