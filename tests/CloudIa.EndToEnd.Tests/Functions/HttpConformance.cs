using System.Net;
using System.Text;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>What an HTTP client meets, whatever server the gateway runs on. A walk has few calls: on some servers each is a process.</summary>
public abstract class HttpConformance
{
    private const int MostBytes = 128 * 1024;

    protected abstract Uri Address { get; }

    /// <summary>The way to it; null: the network.</summary>
    protected abstract HttpMessageHandler? Through { get; }

    protected abstract string Tail();

    [Fact]
    public async Task A_message_is_taken_with_a_receipt_and_its_answer_is_found()
    {
        using var person = await Session();
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        var headers = new Dictionary<string, string> { ["Idempotency-Key"] = "one key", ["traceparent"] = $"00-{trace}-b7ad6b7169203331-01" };
        const string message = "Olá, \"IA\"! 🙂 \\ \u0001 </script> \u2028";
        var body = $"{{\"message\":{System.Text.Json.JsonSerializer.Serialize(message)}}}";

        var reply = await person.PostBody("/chat", body, headers);
        Assert.Equal((HttpStatusCode.Accepted, "application/json"), (reply.Status, reply.ContentType));
        var accepted = reply.Read(ProtocolJson.Default.ChatAccepted);
        Assert.Equal($"/chat/{accepted.JobId}", reply.Headers.Location?.OriginalString);
        Assert.Equal(trace, accepted.TraceId);
        Assert.True(reply.Headers.Contains("RateLimit") && reply.Headers.Contains("RateLimit-Policy"), $"{reply.Headers}");

        Assert.Equal(accepted.JobId, (await person.PostBody("/chat", body, headers)).Read(ProtocolJson.Default.ChatAccepted).JobId);
        Assert.Equal(ErrorCode.KeyReused, (await person.PostBody("/chat", "{\"message\":\"another\"}", headers)).Problem().Code);

        var job = await person.End(accepted.JobId, Tail);
        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal([message, job.Content], (await person.Messages(accepted.ConversationId)).Select(one => one.Content));
        var export = await person.Get($"/conversations/{accepted.ConversationId}/export");
        Assert.Equal(("text/markdown", "attachment"), (export.ContentType, export.Disposition?.DispositionType));
        Assert.Contains(job.Content!, export.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browser_without_a_session_gets_one_as_a_cookie_and_may_use_it_from_its_own_page_alone()
    {
        using var browser = new ApiClient(Address, through: Through);
        var first = await browser.PostBody("/chat", "{\"message\":\"hello\"}");
        var cookie = Assert.Single(first.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        var sent = new Dictionary<string, string> { ["Cookie"] = $"other=1; {cookie.Split(';')[0]}; another=2" };
        var accepted = first.Read(ProtocolJson.Default.ChatAccepted);
        Assert.NotNull(accepted.SessionToken);

        var own = await browser.Send(HttpMethod.Get, $"/chat/{accepted.JobId}", headers: new Dictionary<string, string>(sent) { ["Origin"] = Address.GetLeftPart(UriPartial.Authority) });
        var foreign = await browser.Send(HttpMethod.Get, $"/chat/{accepted.JobId}", headers: new Dictionary<string, string>(sent) { ["Origin"] = "https://elsewhere.example" });
        var nobody = await browser.Send(HttpMethod.Get, $"/chat/{accepted.JobId}", headers: new Dictionary<string, string> { ["Accept-Language"] = "pt-BR,en;q=0.5" });

        Assert.Equal((HttpStatusCode.OK, accepted.JobId), (own.Status, own.Read(ProtocolJson.Default.JobView).JobId));
        Assert.Equal(ErrorCode.OriginForbidden, foreign.Problem().Code);
        Assert.Equal((ErrorCode.TokenMissing, "É necessário um token."), nobody.Problem() is var problem ? (problem.Code, problem.Title) : default);
    }

    [Fact]
    public async Task Bad_bodies_are_refused_each_with_its_code()
    {
        using var person = await Session();
        foreach (var (path, body, status, code) in new (string, string, int, string?)[]
        {
            ("/chat", "", 400, null),
            ("/chat", "not json", 400, ErrorCode.InvalidJson),
            ("/chat", "null", 400, null),
            ("/chat", "{\"message\":\" \\t\\n\\u00a0\\u2003 \"}", 400, ErrorCode.MessageEmpty),
            ("/chat", "{\"message\":{\"text\":\"hello\"}}", 400, null),
            ("/chat", "{\"message\":\"hello\",\"model\":\"no-such-model\"}", 400, ErrorCode.ModelUnknown),
            ("/chat", "{\"message\":\"hello\",\"conversationId\":\"../../etc/passwd\"}", 404, ErrorCode.NotFound),
            ("/chat", $"{{\"message\":\"{new string('a', 32_001)}\"}}", 400, ErrorCode.MessageTooLong),
            ("/chat", $"{{\"message\":\"hello\",\"padding\":\"{new string('x', MostBytes)}\"}}", 413, ErrorCode.BodyTooLarge),
            ("/message", "{\"content\":\"hello\",\"role\":\"system\"}", 400, ErrorCode.RoleNotUser),
        })
        {
            Refused(await person.PostBody(path, body), status, code, body);
        }

        using var broken = new ByteArrayContent([.. "{\"message\":\"a"u8, 0xC3, 0x28, .. "b\"}"u8]);
        Refused(await person.Send(HttpMethod.Post, "/chat", broken), 400, null, "broken UTF-8");

        // Bytes, as whoever sends no content type sends them.
        using var bytes = new ByteArrayContent(Encoding.UTF8.GetBytes("{\"message\":\"olá\"}"));
        Assert.Equal(HttpStatusCode.Accepted, (await person.Send(HttpMethod.Post, "/chat", bytes)).Status);
    }

    [Fact]
    public async Task Bad_addresses_are_refused_each_with_its_code()
    {
        using var person = await Session();
        foreach (var (method, path, status, code) in new (string, string, int, string?)[]
        {
            ("GET", "/chat/no-such-job", 404, ErrorCode.NotFound),
            ("DELETE", "/chat/no%2Fsuch%20job", 404, ErrorCode.NotFound),
            ("GET", "/conversations/caf%C3%A9/messages", 404, ErrorCode.NotFound),
            ("GET", "/conversations?cursor=garbage", 400, ErrorCode.CursorInvalid),
            ("GET", "/conversations?limit=many", 400, null),
            ("PUT", "/chat", 405, ErrorCode.MethodNotAllowed),
            ("GET", "/no/such/place", 404, ErrorCode.NotFound),
            ("GET", "/admin/queue", 403, ErrorCode.AdminLocalOnly),
        })
        {
            // An administrator's own machine never is a machine that somebody passes requests on for.
            var headers = new Dictionary<string, string> { ["X-Forwarded-For"] = "203.0.113.9" };
            Refused(await person.Send(new HttpMethod(method), path, headers: headers), status, code, path);
        }

        person.Token = "not-a-token";
        Refused(await person.Get("/conversations"), 401, ErrorCode.TokenInvalid, "another token");
    }

    [Fact]
    public async Task A_conversation_is_renamed_found_and_deleted()
    {
        using var person = await Session();
        using var stranger = await Session();
        var accepted = await person.Post("hello");
        var at = $"/conversations/{accepted.ConversationId}";

        var renamed = await person.Patch(at, "{\"title\":\"  Férias – 2025 & more \"}");
        Assert.Equal("Férias – 2025 & more", renamed.Read(ProtocolJson.Default.ConversationView).Title);
        Assert.Equal(
            [accepted.ConversationId],
            (await person.Conversations($"?q={Uri.EscapeDataString("férias & more")}&limit=5")).Items.Select(one => one.ConversationId));
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get(at)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await person.Delete(at)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await person.Get(at)).Status);
    }

    private Task<ApiClient> Session() => ApiClient.WithSession(Address, Through);

    private void Refused(Reply reply, int status, string? code, string what)
    {
        Assert.True((int)reply.Status == status, $"{what[..Math.Min(what.Length, 100)]}: {status} was due, and it is {reply}{Environment.NewLine}{Tail()}");
        if (code is not null) Assert.Equal(code, reply.Problem().Code);
    }
}
