using System.Text;
using CloudIa.Client;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Client;

public sealed class ConversationCallsTests : IAsyncLifetime
{
    private const string View =
        """{"conversationId":"c","title":"New","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","turns":2}""";

    private readonly HttpClient _http = new();
    private readonly List<string> _calls = [];
    private ScriptedService _service = null!;
    private CloudIaClient _client = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _service = await ScriptedService.StartAsync();
        _http.BaseAddress = _service.Address;
        _client = new CloudIaClient(_http, new ClientOptions
        {
            Tries = 3,
            Backoff = new Backoff(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(2)),
        });
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task A_search_a_rename_and_a_prompt_are_the_calls_of_the_api()
    {
        Answer(context => Json(context, """{"items":[],"nextCursor":null}"""), context => Json(context, View), context => Json(context, View), context => Json(context, View));

        await _client.ListConversationsAsync("blue whale", cancel: Cancel);
        Assert.Equal("New", (await _client.RenameAsync("a/b", "New", Cancel)).Title);
        await _client.SetSystemPromptAsync("c", "Be brief.", Cancel);
        await _client.SetSystemPromptAsync("c", null, Cancel);

        Assert.Equal(
            [
                "GET /conversations?q=blue%20whale ",
                """PATCH /conversations/a%2Fb {"title":"New"}""",
                """PATCH /conversations/c {"systemPrompt":"Be brief."}""",
                """PATCH /conversations/c {"systemPrompt":""}""",
            ],
            _calls);
    }

    [Fact]
    public async Task Regenerate_fork_and_versions_are_the_calls_of_the_api()
    {
        Answer(
            context => Json(context, """{"jobId":"again","conversationId":"c","sessionId":"s","status":"queued","timestamp":"2026-01-01T00:00:00Z","traceId":"t"}"""),
            context => Json(context, View),
            context => Json(context, """{"items":[],"nextCursor":null}"""));

        Assert.Equal("again", (await _client.RegenerateAsync("c", "other", cancel: Cancel)).JobId);
        await _client.ForkAsync("c", 0, Cancel);
        await _client.ReadVersionsAsync("c", 2, cancel: Cancel);

        Assert.Equal(
            [
                """POST /conversations/c/regenerate {"model":"other"}""",
                """POST /conversations/c/fork {"turn":0}""",
                "GET /conversations/c/turns/2/versions ",
            ],
            _calls);
    }

    [Fact]
    public async Task A_delete_whose_answer_was_lost_is_no_error_at_the_next_try()
    {
        Answer(
            context => { context.Abort(); return Task.CompletedTask; },
            context => ProblemAsync(context, 404, ErrorCode.NotFound));

        await _client.DeleteConversationAsync("c", Cancel);

        Assert.Equal(["DELETE /conversations/c ", "DELETE /conversations/c "], _calls);
    }

    [Fact]
    public async Task An_export_is_copied_whole_and_tried_again_only_before_its_first_byte()
    {
        Answer(
            context => ProblemAsync(context, 503, ErrorCode.ShuttingDown),
            context => context.Response.WriteAsync("# Olá"));
        using var whole = new MemoryStream();

        await _client.ExportAsync("c", ExportFormat.Markdown, whole, Cancel);

        Assert.Equal("# Olá", Encoding.UTF8.GetString(whole.ToArray()));
        Assert.Equal("GET /conversations/c/export?format=markdown ", _calls[1]);
    }

    [Fact]
    public async Task An_export_that_breaks_in_its_middle_is_an_error_and_is_not_begun_again()
    {
        using var half = new WatchedStream();
        Answer(async context =>
        {
            await context.Response.WriteAsync("half");
            await context.Response.Body.FlushAsync();
            await half.Written.Task;
            context.Abort();
        });

        var error = await Assert.ThrowsAsync<CloudIaException>(() => _client.ExportAsync("c", ExportFormat.Json, half, Cancel));

        Assert.Equal(CloudIaException.Unreachable, error.Code);
        Assert.Single(_calls);
    }

    [Fact]
    public async Task A_destination_that_takes_no_more_is_not_told_as_a_lost_connection()
    {
        Answer(context => context.Response.WriteAsync("too much"));

        await Assert.ThrowsAsync<IOException>(() => _client.ExportAsync("c", ExportFormat.Json, new FullDisk(), Cancel));
    }

    private void Answer(params Func<HttpContext, Task>[] answers)
    {
        var next = new Queue<Func<HttpContext, Task>>(answers);
        _service.OnCall = async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            _calls.Add($"{context.Request.Method} {target} {await body.ReadToEndAsync()}");
            await next.Dequeue()(context);
        };
    }

    private static Task Json(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    private static Task ProblemAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        return Json(context, $$"""{"type":"about:blank","title":"No","status":{{status}},"code":"{{code}}","traceId":"trace"}""");
    }

    private sealed class WatchedStream : MemoryStream
    {
        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Written.TrySetResult();
            return base.WriteAsync(buffer, cancellationToken);
        }
    }

    private sealed class FullDisk : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("No space left on device");
    }
}
