using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Clients;

/// <summary>One person's HTTP calls: a bearer token and no state beside it.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly ConcurrentQueue<string> _failures = new();

    /// <param name="server">The service's address.</param>
    /// <param name="token">Whose calls these are; null: nobody's yet.</param>
    /// <param name="through">The way there, where it is not the network's; somebody else's to dispose.</param>
    public ApiClient(Uri server, string? token = null, HttpMessageHandler? through = null)
    {
        _http = new HttpClient(through ?? new SocketsHttpHandler { UseCookies = false }, disposeHandler: through is null)
        {
            BaseAddress = server,
            Timeout = TimeSpan.FromSeconds(60),
        };
        Token = token;
    }

    public string? Token { get; set; }

    /// <summary>The posts that had to be sent again: refused by a server that leaves, or not answered.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    public Uri Server => _http.BaseAddress!;

    /// <summary>A person of their own: a new anonymous session.</summary>
    public static async Task<ApiClient> WithSession(Uri server, HttpMessageHandler? through = null)
    {
        var client = new ApiClient(server, through: through);
        var reply = await client.Send(HttpMethod.Post, "/sessions");
        Assert.True(reply.Status == HttpStatusCode.Created, $"POST /sessions: {reply}");
        client.Token = reply.Read(ProtocolJson.Default.SessionView).Token;
        return client;
    }

    public async Task<Reply> Send(
        HttpMethod method,
        string path,
        HttpContent? content = null,
        IReadOnlyDictionary<string, string>? headers = null)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (Token is { } token) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        var body = await response.Content.ReadAsStringAsync(cancel);
        return new Reply(response.StatusCode, response.Content.Headers.ContentType?.MediaType, body, response.Headers)
        {
            Disposition = response.Content.Headers.ContentDisposition,
        };
    }

    public Task<Reply> Get(string path) => Send(HttpMethod.Get, path);

    /// <summary>A job's events, which have begun when this returns; the task in it is for all of them.</summary>
    public async Task<Task<string>> BeginEvents(string jobId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"/chat/{jobId}/events", UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return ReadAll();

        async Task<string> ReadAll()
        {
            using (response) return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A body as it stands, right or wrong.</summary>
    public Task<Reply> PostBody(string path, string json, IReadOnlyDictionary<string, string>? headers = null) =>
        Send(HttpMethod.Post, path, new StringContent(json, Encoding.UTF8, "application/json"), headers);

    public Task<Reply> Patch(string path, string json) =>
        Send(HttpMethod.Patch, path, new StringContent(json, Encoding.UTF8, "application/json"));

    public Task<Reply> Delete(string path) => Send(HttpMethod.Delete, path);

    public async Task<ConversationView> Conversation(string conversationId)
    {
        var reply = await Get($"/conversations/{conversationId}");
        Assert.True(reply.Status == HttpStatusCode.OK, $"GET /conversations/{conversationId}: {reply}");
        return reply.Read(ProtocolJson.Default.ConversationView);
    }

    public async Task<Page<ConversationView>> Conversations(string query = "")
    {
        var reply = await Get($"/conversations{query}");
        Assert.True(reply.Status == HttpStatusCode.OK, $"GET /conversations{query}: {reply}");
        return reply.Read(ProtocolJson.Default.ConversationPage);
    }

    public Task<Reply> TryPost(string message, string? conversationId = null, string? key = null, WhenBusy? whenBusy = null)
    {
        var body = JsonSerializer.Serialize(
            new ChatRequest { Message = message, ConversationId = conversationId, WhenBusy = whenBusy },
            ProtocolJson.Default.ChatRequest);
        return PostBody("/chat", body, key is null ? null : new Dictionary<string, string> { ["Idempotency-Key"] = key });
    }

    /// <summary>A message that is expected to be accepted.</summary>
    public async Task<ChatAccepted> Post(string message, string? conversationId = null, string? key = null, WhenBusy? whenBusy = null)
    {
        var reply = await TryPost(message, conversationId, key, whenBusy);
        Assert.True(reply.Status == HttpStatusCode.Accepted, $"POST /chat: {reply}");
        return reply.Read(ProtocolJson.Default.ChatAccepted);
    }

    /// <summary>Again and again with the same key, while the server is away or says that it is leaving.</summary>
    public async Task<Reply> PostUntilAnswered(string message, string? conversationId, string key, Func<string> serverLog)
    {
        var last = "";
        return await Patience.Until<Reply>(
            async _ =>
            {
                try
                {
                    var reply = await TryPost(message, conversationId, key);
                    last = reply.ToString();
                    if (reply.Status != HttpStatusCode.ServiceUnavailable) return reply;
                }
                catch (Exception error) when (error is HttpRequestException or IOException or SocketException)
                {
                    last = error.ToString();
                }

                _failures.Enqueue($"the post with the key {key}: {last}");
                return null;
            },
            $"an answer to the post with the key {key}",
            () => $"The last answer: {last}{Environment.NewLine}{serverLog()}",
            within: TimeSpan.FromMinutes(3),
            every: TimeSpan.FromMilliseconds(10));
    }

    public async Task<JobView> Job(string jobId) =>
        await JobOrNull(jobId) ?? throw new InvalidOperationException($"There is no job {jobId}.");

    /// <summary>Null where it does not exist.</summary>
    public async Task<JobView?> JobOrNull(string jobId)
    {
        var reply = await Get($"/chat/{jobId}");
        if (reply.Status == HttpStatusCode.NotFound) return null;
        Assert.True(reply.Status == HttpStatusCode.OK, $"GET /chat/{jobId}: {reply}");
        return reply.Read(ProtocolJson.Default.JobView);
    }

    /// <summary>The job's end, whatever it is.</summary>
    public async Task<JobView> End(string jobId, Func<string> serverLog, TimeSpan? within = null)
    {
        JobView? last = null;
        return await Patience.Until(
            async _ => (last = await Job(jobId)).Status.IsEnd() ? last : null,
            $"job {jobId} to end",
            () => $"It stands at {last}.{Environment.NewLine}{serverLog()}",
            within);
    }

    /// <summary>All messages of a conversation, the oldest turn first.</summary>
    public async Task<IReadOnlyList<MessageView>> Messages(string conversationId)
    {
        var pages = new List<MessageView>();
        string? cursor = null;
        do
        {
            var from = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
            var reply = await Get($"/conversations/{conversationId}/messages?limit=50{from}");
            Assert.True(reply.Status == HttpStatusCode.OK, $"GET messages of {conversationId}: {reply}");
            var page = reply.Read(ProtocolJson.Default.MessagePage);
            pages.AddRange(page.Items);
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        return [.. pages.OrderBy(item => item.Turn ?? int.MaxValue).ThenBy(item => item.Role)];
    }

    public void Dispose() => _http.Dispose();
}
