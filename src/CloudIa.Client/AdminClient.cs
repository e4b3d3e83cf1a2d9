using CloudIa.Client.Calls;
using CloudIa.Protocol;

namespace CloudIa.Client;

/// <summary>
/// The HTTP calls of operators. Every method throws <see cref="CloudIaException"/> where the service refuses or cannot be
/// reached. All are safe to try again; a redrive or a discard that had been done although its answer was lost is
/// <c>not_found</c> then.
/// </summary>
/// <param name="http">Its BaseAddress is the service's root, ending in a slash.</param>
/// <param name="token">The admin token.</param>
/// <param name="options">Tries and their pauses; null: the defaults.</param>
/// <param name="time">Null: the system's clock.</param>
public sealed class AdminClient(HttpClient http, string token, ClientOptions? options = null, TimeProvider? time = null)
{
    private const string Letters = "admin/dead-letters";

    private readonly HttpCaller _caller = new(http, options ?? new ClientOptions(), time ?? TimeProvider.System) { Token = token };

    /// <summary>How much waits, and for what.</summary>
    public Task<QueueView> GetQueueAsync(CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Get, "admin/queue"), ProtocolJson.Default.QueueView, cancel);

    /// <summary>A page of the messages that were given up, the oldest first.</summary>
    /// <param name="cursor">The last page's NextCursor, or any letter's id; null: the oldest.</param>
    /// <param name="limit">At most so many; null: the service's choice.</param>
    public Task<Page<DeadLetterView>> ListAsync(string? cursor = null, int? limit = null, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Get, $"{Letters}{CloudIaClient.Page(cursor, limit)}"), ProtocolJson.Default.DeadLetterPage, cancel);

    /// <summary>One of them with all of its text.</summary>
    public Task<DeadLetterView> GetAsync(string id, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Get, PathOf(id)), ProtocolJson.Default.DeadLetterView, cancel);

    /// <summary>Puts one back into the queue: its answer will land in its conversation.</summary>
    public Task<RedriveView> RedriveAsync(string id, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Post, $"{PathOf(id)}/redrive"), ProtocolJson.Default.RedriveView, cancel);

    /// <summary>Puts all back that are there at the first call, a batch at a time; cancelled, some of a batch.</summary>
    /// <param name="cursor">The last batch's NextCursor; null: begin.</param>
    /// <param name="limit">The batch's size; null: the service's choice.</param>
    public Task<DeadLetterBatch> RedriveAllAsync(string? cursor = null, int? limit = null, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Post, $"{Letters}/redrive{CloudIaClient.Page(cursor, limit)}"), ProtocolJson.Default.DeadLetterBatch, cancel);

    /// <summary>Throws one away.</summary>
    public Task DiscardAsync(string id, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Delete, PathOf(id)), cancel);

    /// <summary>Throws all away that are there at the first call; as <see cref="RedriveAllAsync"/> otherwise.</summary>
    /// <param name="cursor">The last batch's NextCursor; null: begin.</param>
    /// <param name="limit">The batch's size; null: the service's choice.</param>
    public Task<DeadLetterBatch> DiscardAllAsync(string? cursor = null, int? limit = null, CancellationToken cancel = default) =>
        _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Delete, $"{Letters}{CloudIaClient.Page(cursor, limit, all: true)}"), ProtocolJson.Default.DeadLetterBatch, cancel);

    // As parts of a path these would name all letters, and other calls.
    private static string PathOf(string id) => id is "" or "." or ".."
        ? throw new CloudIaException(ErrorCode.NotFound, $"'{id}' names no dead letter.", cause: null)
        : $"{Letters}/{Uri.EscapeDataString(id)}";
}
