using System.Text.Json.Serialization.Metadata;
using CloudIa.Client.Calls;
using CloudIa.Protocol;

namespace CloudIa.Client;

/// <summary>What can be done with conversations, beside posting into them.</summary>
public sealed partial class CloudIaClient
{
    /// <summary>The owner's conversations, the newest message first.</summary>
    /// <param name="query">Only those whose title, messages or answers hold all of its words; null: all.</param>
    /// <param name="cursor">The last page's NextCursor; null: the first page.</param>
    /// <param name="limit">At most so many; null: the service's choice.</param>
    public Task<Page<ConversationView>> ListConversationsAsync(
        string? query = null, string? cursor = null, int? limit = null, CancellationToken cancel = default) =>
        GetAsync($"conversations{Query(("q", query), ("cursor", cursor), ("limit", Text(limit)))}",
            ProtocolJson.Default.ConversationPage, cancel);

    /// <summary>One conversation, without its messages.</summary>
    public Task<ConversationView> GetConversationAsync(string conversationId, CancellationToken cancel = default) =>
        GetAsync(PathOf(conversationId), ProtocolJson.Default.ConversationView, cancel);

    /// <summary>A page of a conversation's messages, newest turns first.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="cursor">The last page's NextCursor; null: the newest turns.</param>
    /// <param name="limit">At most so many; null: the service's choice.</param>
    public Task<Page<MessageView>> ReadMessagesAsync(
        string conversationId, string? cursor = null, int? limit = null, CancellationToken cancel = default) =>
        GetAsync($"{PathOf(conversationId)}/messages{Query(("cursor", cursor), ("limit", Text(limit)))}",
            ProtocolJson.Default.MessagePage, cancel);

    /// <summary>A page of all answers of a turn, the oldest first; the last one is what the conversation goes on from.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="turn">The turn's number.</param>
    /// <param name="cursor">The last page's NextCursor; null: the oldest answers.</param>
    /// <param name="limit">At most so many; null: the service's choice.</param>
    public Task<Page<MessageView>> ReadVersionsAsync(
        string conversationId, int turn, string? cursor = null, int? limit = null, CancellationToken cancel = default) =>
        GetAsync($"{PathOf(conversationId)}/turns/{Text(turn)}/versions{Query(("cursor", cursor), ("limit", Text(limit)))}",
            ProtocolJson.Default.MessagePage, cancel);

    /// <summary>Gives a conversation another title.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="title">1 to 200 characters, not blank.</param>
    public Task<ConversationView> RenameAsync(string conversationId, string title, CancellationToken cancel = default) =>
        ChangeAsync(conversationId, new ConversationChanges { Title = title }, cancel);

    /// <summary>Sets what the model is told first in a conversation, from the next answer on.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="prompt">Null or "": the service's own prompt again.</param>
    public Task<ConversationView> SetSystemPromptAsync(
        string conversationId, string? prompt, CancellationToken cancel = default) =>
        ChangeAsync(conversationId, new ConversationChanges { SystemPrompt = prompt ?? "" }, cancel);

    /// <summary>
    /// Deletes a conversation with everything in it; answers that run are stopped. One that is not there (any more)
    /// is no error, so that a try after a lost answer is none either.
    /// </summary>
    public async Task DeleteConversationAsync(string conversationId, CancellationToken cancel = default)
    {
        try
        {
            await _caller.CallAsync(() => new HttpRequestMessage(HttpMethod.Delete, PathOf(conversationId)), cancel);
        }
        catch (CloudIaException error) when (error.Code == ErrorCode.NotFound)
        {
            // It is as the caller wants it.
        }
    }

    /// <summary>
    /// Has a conversation's last turn answered again; the answer there was is kept as a version. As with a post, the
    /// receipt stands for an answer that will come.
    /// </summary>
    /// <param name="conversationId">The conversation; its last answer must have ended.</param>
    /// <param name="model">Null: the one that was asked before.</param>
    /// <param name="idempotencyKey">One for each wish of the user's; null: a random one, for the tries of this call.</param>
    public Task<ChatAccepted> RegenerateAsync(
        string conversationId, string? model = null, string? idempotencyKey = null, CancellationToken cancel = default) =>
        SendAsync(
            $"{PathOf(conversationId)}/regenerate",
            new RegenerateRequest { Model = model },
            ProtocolJson.Default.RegenerateRequest,
            idempotencyKey ?? NewKey(),
            ProtocolJson.Default.ChatAccepted,
            cancel);

    /// <summary>
    /// Begins a conversation as a copy of another's first turns. To edit message N, fork at N − 1 and post the new
    /// text there.
    /// </summary>
    /// <param name="conversationId">The conversation to copy from; it stays as it is.</param>
    /// <param name="turn">The last turn to keep; 0: none.</param>
    public Task<ConversationView> ForkAsync(string conversationId, int turn, CancellationToken cancel = default) =>
        SendAsync(
            $"{PathOf(conversationId)}/fork",
            new ForkRequest { Turn = turn },
            ProtocolJson.Default.ForkRequest,
            NewKey(),
            ProtocolJson.Default.ConversationView,
            cancel);

    /// <summary>
    /// Writes a whole conversation into a stream, as it arrives: its length is nobody's memory. Tried again only
    /// while nothing has been written.
    /// </summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="format">What to write.</param>
    /// <param name="to">Left open; after an error it holds a part.</param>
    public Task ExportAsync(
        string conversationId, ExportFormat format, Stream to, CancellationToken cancel = default) =>
        _caller.DownloadAsync(
            () => new HttpRequestMessage(HttpMethod.Get, ExportPath(conversationId, format)), to, cancel);

    /// <summary>Where an export can be downloaded, relative to the service's root.</summary>
    public static string ExportPath(string conversationId, ExportFormat format) =>
        $"{PathOf(conversationId)}/export?format={(format == ExportFormat.Json ? "json" : "markdown")}";

    private Task<ConversationView> ChangeAsync(string conversationId, ConversationChanges changes, CancellationToken cancel) =>
        _caller.CallAsync(
            () => new HttpRequestMessage(HttpMethod.Patch, PathOf(conversationId))
            {
                Content = JsonBody.Of(changes, ProtocolJson.Default.ConversationChanges),
            },
            ProtocolJson.Default.ConversationView,
            cancel);

    private Task<TAnswer> SendAsync<TBody, TAnswer>(
        string path, TBody body, JsonTypeInfo<TBody> bodyType, string key, JsonTypeInfo<TAnswer> answerType, CancellationToken cancel) =>
        _caller.CallAsync(
            () =>
            {
                var post = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonBody.Of(body, bodyType) };
                post.Headers.Add("Idempotency-Key", key);
                return post;
            },
            answerType,
            cancel);

    private static string PathOf(string conversationId) => $"conversations/{Segment(conversationId)}";
}
