using System.Net;
using CloudIa.Lambda;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Lambda;

/// <summary>Events as API Gateway sends them become the requests that they were.</summary>
// One after the other with the others that serve invocations: the trace of the one is the whole process's.
[Collection("invocations")]
public sealed class EventRequestTests : IAsyncLifetime
{
    private Function _function = null!;
    private Seen _seen = null!;

    public async ValueTask InitializeAsync() => _function = await Function.StartAsync(async context => _seen = await Seen.OfAsync(context));

    public ValueTask DisposeAsync() => _function.DisposeAsync();

    [Fact]
    public async Task A_request_of_an_HTTP_API_is_what_the_client_sent()
    {
        await _function.AnswerAsync(Function.Recorded("http-api-documented"));

        Assert.Equal(("POST", "https", "", "/my/path"), (_seen.Method, _seen.Scheme, _seen.PathBase, _seen.Path));
        Assert.Equal(["value1", "value2"], _seen.Query["parameter1"].ToArray());
        Assert.Equal("value", _seen.Query["parameter2"]);
        Assert.Equal(("one", "two"), (_seen.Cookies["cookie1"], _seen.Cookies["cookie2"]));
        Assert.Equal("value1", _seen.Headers["Header1"]);
        Assert.Equal(["value1", "value2"], _seen.Headers.GetCommaSeparatedValues("header2"));
        Assert.Equal("id.execute-api.us-east-1.amazonaws.com", _seen.Host);
        Assert.Equal(IPAddress.Parse("192.0.2.1"), _seen.Sender);
        Assert.Equal("Hello from Lambda", _seen.Text);
        Assert.Equal(_seen.Body.Length, _seen.ContentLength);
        Assert.Null(_seen.Socket);
    }

    [Fact]
    public async Task A_stage_is_the_base_of_the_path()
    {
        await _function.AnswerAsync(Function.Recorded("http-api-stage"));

        Assert.Equal(("/prod", "/chat/café"), (_seen.PathBase, _seen.Path));
        Assert.Equal("chat.example.com", _seen.Host);
        Assert.Equal(IPAddress.Parse("2001:db8::7"), _seen.Sender);
        Assert.Equal("HTTP/2.0", _seen.Protocol);
        Assert.Empty(_seen.Body);
    }

    [Theory]
    [InlineData("prod", "/prod", "/prod", "/")]
    [InlineData("prod", "/production/chat", "", "/production/chat")]
    [InlineData("prod", "/chat/prod", "", "/chat/prod")]
    [InlineData("$default", "/$default/chat", "", "/$default/chat")]
    [InlineData("prod", "/prod/a%2Fb/%20c", "/prod", "/a%2Fb/ c")]
    public async Task Only_the_stage_is_taken_off(string stage, string raw, string pathBase, string path)
    {
        await _function.AnswerAsync(Function.Recorded("http-api-stage", read =>
        {
            read["rawPath"] = raw;
            read["requestContext"]!["stage"] = stage;
        }));

        Assert.Equal((pathBase, path), (_seen.PathBase, _seen.Path));
    }

    [Fact]
    public async Task A_body_in_Base64_is_its_bytes()
    {
        byte[] body = [0, 255, 0xC3, 0x28, 10];

        await _function.AnswerAsync(Function.Recorded("http-api-documented", read =>
        {
            read["body"] = Convert.ToBase64String(body);
            read["isBase64Encoded"] = true;
            read["headers"]!["content-length"] = "77";
        }));

        Assert.Equal(body, _seen.Body);
        Assert.Equal(body.Length, _seen.ContentLength);
    }

    [Theory]
    [InlineData(null, "https")]
    [InlineData("https", "https")]
    [InlineData("http", "http")]
    [InlineData("gopher", "https")]
    public async Task The_scheme_is_the_one_that_the_client_used(string? forwarded, string scheme)
    {
        await _function.AnswerAsync(Function.Recorded("http-api-documented", read => read["headers"]!["x-forwarded-proto"] = forwarded));

        Assert.Equal(scheme, _seen.Scheme);
    }

    [Theory]
    [InlineData("websocket-connect", "/relay/connect")]
    [InlineData("websocket-message", "/relay/frames")]
    [InlineData("websocket-disconnect", "/relay/disconnect")]
    public async Task What_happens_to_a_socket_is_a_request_with_the_socket(string recorded, string path)
    {
        await _function.AnswerAsync(Function.Recorded(recorded));

        Assert.Equal(("POST", path), (_seen.Method, _seen.Path));
        Assert.Equal(
            new RelayedSocket(
                "QUfvBeZpoAMCJdA=",
                new Uri("https://abcd1234.execute-api.us-east-1.amazonaws.com/production"),
                DateTimeOffset.FromUnixTimeMilliseconds(1595895531312)),
            _seen.Socket);
        Assert.Equal(IPAddress.Parse("203.0.113.9"), _seen.Sender);
        Assert.Equal("abcd1234.execute-api.us-east-1.amazonaws.com", _seen.Host);
    }

    [Fact]
    public async Task A_handshake_has_its_headers_and_its_ticket()
    {
        await _function.AnswerAsync(Function.Recorded("websocket-connect"));

        Assert.Equal("a/b+c==", _seen.Query["ticket"]);
        Assert.Equal("abc", _seen.Cookies["cloudia_session"]);
        Assert.Equal("https://chat.example.com", _seen.Headers.Origin);
        Assert.Equal("pt-BR", _seen.Headers.AcceptLanguage);
    }

    [Theory]
    [InlineData("{\"action\":\"ping\"}", false)]
    [InlineData("eyJhY3Rpb24iOiJwaW5nIn0=", true)]
    public async Task A_frame_is_the_body(string body, bool encoded)
    {
        await _function.AnswerAsync(Function.Recorded("websocket-message", read =>
        {
            read["body"] = body;
            read["isBase64Encoded"] = encoded;
        }));

        Assert.Equal("{\"action\":\"ping\"}", _seen.Text);
    }

    [Fact]
    public async Task Nobody_comes_to_the_relay_by_HTTP_with_a_socket()
    {
        await _function.AnswerAsync(Function.Recorded("http-api-documented", read =>
        {
            read["rawPath"] = "/relay/frames";
            read["requestContext"]!["connectionId"] = "QUfvBeZpoAMCJdA=";
            read["requestContext"]!["connectedAt"] = 1;
        }));

        Assert.Equal("/relay/frames", _seen.Path);
        Assert.Null(_seen.Socket);
    }

    [Fact]
    public async Task The_trace_of_X_Ray_is_the_requests()
    {
        const string trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

        await _function.InvokeAsync(Function.Recorded("http-api-stage"), trace: trace);

        Assert.Equal(trace, _seen.Headers["X-Amzn-Trace-Id"]);
        Assert.Equal("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01", _seen.Headers.TraceParent);
        Assert.Equal(trace, _seen.ProcessTrace);
    }

    [Fact]
    public async Task A_client_that_has_a_trace_keeps_it()
    {
        const string own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

        await _function.InvokeAsync(
            Function.Recorded("http-api-documented", read => read["headers"]!["traceparent"] = own),
            trace: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1");

        Assert.Equal(own, _seen.Headers.TraceParent);
    }

    /// <summary>What a handler saw.</summary>
    private sealed record Seen(string Method, string Scheme, string PathBase, string Path, string Protocol, string Host, IPAddress? Sender, byte[] Body)
    {
        public required IHeaderDictionary Headers { get; init; }

        public required IQueryCollection Query { get; init; }

        public required IRequestCookieCollection Cookies { get; init; }

        public required long? ContentLength { get; init; }

        public RelayedSocket? Socket { get; init; }

        public string? ProcessTrace { get; init; }

        public string Text => System.Text.Encoding.UTF8.GetString(Body);

        public static async Task<Seen> OfAsync(HttpContext context)
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var request = context.Request;
            return new Seen(
                request.Method, request.Scheme, request.PathBase, request.Path.Value!, request.Protocol, request.Host.Value!, context.Connection.RemoteIpAddress, body.ToArray())
            {
                Headers = request.Headers,
                Query = request.Query,
                Cookies = request.Cookies,
                ContentLength = request.ContentLength,
                Socket = context.Features.Get<RelayedSocket>(),
                ProcessTrace = Environment.GetEnvironmentVariable("_X_AMZN_TRACE_ID"),
            };
        }
    }
}
