using System.Collections.Concurrent;
using CloudIa.Client;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Client;

public sealed class CloudIaClientTests : IAsyncLifetime
{
    // Real time, short pauses: what is tested is which calls are made, not when.
    private static readonly ClientOptions Quick = new()
    {
        Tries = 4,
        Backoff = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2)),
        LongestRetryAfter = TimeSpan.FromSeconds(2),
    };

    private readonly ConcurrentQueue<(string Line, string? Key, string? Authorization)> _calls = new();
    private readonly HttpClient _http = new();
    private ScriptedService _service = null!;
    private CloudIaClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _service = await ScriptedService.StartAsync();
        _http.BaseAddress = _service.Address;
        _client = new CloudIaClient(_http, Quick);
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task A_post_whose_receipt_is_lost_is_tried_again_with_the_same_key()
    {
        Answer(
            context => { context.Abort(); return Task.CompletedTask; },
            context => ProblemAsync(context, 503, ErrorCode.ShuttingDown),
            context => context.Response.WriteAsync(Receipt));

        var accepted = await _client.PostAsync(new ChatRequest { Message = "Olá" }, cancel: TestContext.Current.CancellationToken);

        Assert.Equal("job", accepted.JobId);
        Assert.Equal(3, _calls.Count);
        Assert.Single(_calls.Select(call => call.Key).Distinct());
        Assert.NotNull(_calls.First().Key);
    }

    [Fact]
    public async Task Two_messages_have_two_keys()
    {
        Answer(context => context.Response.WriteAsync(Receipt), context => context.Response.WriteAsync(Receipt));

        await _client.PostAsync(new ChatRequest { Message = "a" }, cancel: TestContext.Current.CancellationToken);
        await _client.PostAsync(new ChatRequest { Message = "b" }, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(2, _calls.Select(call => call.Key).Distinct().Count());
    }

    [Fact]
    public async Task A_refusal_is_given_to_the_caller_at_once_with_its_code()
    {
        Answer(context => ProblemAsync(context, 400, ErrorCode.MessageEmpty));

        var error = await Assert.ThrowsAsync<CloudIaException>(
            () => _client.PostAsync(new ChatRequest { Message = " " }, cancel: TestContext.Current.CancellationToken));

        Assert.Equal((ErrorCode.MessageEmpty, 400, "trace"), (error.Code, error.Status, error.TraceId));
        Assert.Single(_calls);
    }

    [Fact]
    public async Task A_service_that_asks_for_a_long_wait_is_not_waited_for()
    {
        Answer(context =>
        {
            context.Response.Headers.RetryAfter = "60";
            return ProblemAsync(context, 429, ErrorCode.RateLimited);
        });

        var error = await Assert.ThrowsAsync<CloudIaException>(
            () => _client.GetModelsAsync(TestContext.Current.CancellationToken));

        Assert.Equal(TimeSpan.FromSeconds(60), error.RetryAfter);
        Assert.Single(_calls);
    }

    [Fact]
    public async Task After_the_last_try_the_error_is_the_callers()
    {
        _service.OnCall = context =>
        {
            Record(context);
            context.Response.StatusCode = 502;
            return context.Response.WriteAsync("<html>a proxy's page</html>");
        };

        var error = await Assert.ThrowsAsync<CloudIaException>(
            () => _client.GetModelsAsync(TestContext.Current.CancellationToken));

        Assert.Equal((CloudIaException.NotUnderstood, 502), (error.Code, error.Status));
        Assert.Equal(Quick.Tries, _calls.Count);
    }

    [Fact]
    public async Task A_session_is_named_in_later_calls_and_text_in_paths_is_escaped()
    {
        Answer(
            context => context.Response.WriteAsync("""{"sessionId":"s","token":"t0k","expiresAt":"2030-01-01T00:00:00Z"}"""),
            context => context.Response.WriteAsync("""{"items":[],"nextCursor":null}"""));

        await _client.CreateSessionAsync(TestContext.Current.CancellationToken);
        await _client.ReadMessagesAsync("a/b?c", "x&y", 5, TestContext.Current.CancellationToken);

        Assert.Equal(
            ("GET /conversations/a%2Fb%3Fc/messages?cursor=x%26y&limit=5", "Bearer t0k"),
            (_calls.Last().Line, _calls.Last().Authorization));
    }

    private const string Receipt =
        """{"jobId":"job","conversationId":"c","sessionId":"s","status":"queued","timestamp":"2026-01-01T00:00:00Z","traceId":"t"}""";

    private void Answer(params Func<HttpContext, Task>[] answers)
    {
        var next = new ConcurrentQueue<Func<HttpContext, Task>>(answers);
        _service.OnCall = context =>
        {
            Record(context);
            context.Response.ContentType = "application/json";
            return next.TryDequeue(out var answer) ? answer(context) : throw new InvalidOperationException("One call too many.");
        };
    }

    private void Record(HttpContext context)
    {
        // The line as it was sent; Request.Path is decoded.
        var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
        var headers = context.Request.Headers;
        _calls.Enqueue(($"{context.Request.Method} {target}", headers["Idempotency-Key"], headers.Authorization));
    }

    private static Task ProblemAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(
            $$"""{"type":"about:blank","title":"No","status":{{status}},"code":"{{code}}","traceId":"trace"}""");
    }
}
