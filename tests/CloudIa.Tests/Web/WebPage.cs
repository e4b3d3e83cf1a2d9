using System.Collections.Concurrent;
using System.Text.Json;
using CloudIa.Client;
using CloudIa.Client.Live;
using CloudIa.Protocol;
using CloudIa.Tests.Client;
using CloudIa.Web;
using CloudIa.Web.Chat;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Web;

/// <summary>The page's state without a browser, before a server that says what the test wants.</summary>
internal sealed class WebPage : IAsyncDisposable
{
    public const string Here = "c1";

    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> _answers = new();
    private readonly HttpClient _http;
    private readonly ScriptedService _service;

    private WebPage(ScriptedService service)
    {
        _service = service;
        _service.OnCall = AnswerAsync;
        _http = new HttpClient { BaseAddress = service.Address };
        Client = new CloudIaClient(_http, new ClientOptions { Tries = 1 });
        Session = new ChatSession(Client, new LiveConnection(service.Address, () => null), new Entrance(_http), Texts.English);
        On("POST /sessions", """{"sessionId":"s","token":"t","expiresAt":"2030-01-01T00:00:00Z"}""");
        On("GET /models", """{"models":[]}""");
        On("GET /conversations", List());
    }

    public CloudIaClient Client { get; }

    public ChatSession Session { get; }

    private Task? Running { get; set; }

    public static async Task<WebPage> StartAsync() => new(await ScriptedService.StartAsync());

    /// <summary>Opens a conversation, and the socket on which the service speaks.</summary>
    public async Task<ServerSocket> OpenAsync(params MessageView[] messages)
    {
        On($"GET /conversations/{Here}", Json(View(Here), ProtocolJson.Default.ConversationView));
        On($"GET /conversations/{Here}/messages", Messages(null, messages));
        Running = Session.RunAsync(Here);
        var socket = await _service.SocketAsync();
        await socket.GreetAsync();
        await Until(() => Session.Connection == ConnectionState.Connected);
        return socket;
    }

    /// <summary>What a call, named by its method and target, is answered with from now on.</summary>
    public void On(string call, string json) => On(call, context =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    });

    public void On(string call, Func<HttpContext, Task> answer) => _answers[call] = answer;

    public async Task Until(Func<bool> holds)
    {
        var changed = new SemaphoreSlim(0);
        void Wake() => changed.Release();
        Session.Changed += Wake;
        try
        {
            while (!holds())
            {
                Assert.False(Running is { IsFaulted: true }, $"{Running?.Exception}");
                // The inside of a turn tells nobody here: look again now and then.
                await changed.WaitAsync(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            Session.Changed -= Wake;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // A page lives until its tab is closed; without its calls it ends at the loss of the socket.
        _http.Dispose();
        await _service.DisposeAsync();
        await (Running ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public static string Messages(string? next, params MessageView[] messages) =>
        Json(new Page<MessageView>([.. messages.Reverse()], next), ProtocolJson.Default.MessagePage);

    public static string List(params string[] conversations) =>
        Json(new Page<ConversationView>([.. conversations.Select(View)], null), ProtocolJson.Default.ConversationPage);

    public static ConversationView View(string id) =>
        new() { ConversationId = id, Title = $"About {id}", CreatedAt = default, UpdatedAt = default, Turns = 1 };

    public static MessageView Asked(int? turn, string job, string text = "question") => new()
    {
        Turn = turn,
        JobId = job,
        Role = MessageRole.User,
        Content = text,
        Status = turn is null ? JobStatus.Queued : JobStatus.Completed,
        CreatedAt = default,
    };

    public static MessageView Answered(int turn, string job, string text = "answer", int version = 1) => new()
    {
        Turn = turn,
        JobId = job,
        Role = MessageRole.Assistant,
        Content = text,
        Status = JobStatus.Completed,
        CreatedAt = default,
        Attempt = 1,
        Version = version,
        Versions = version,
    };

    public static MessageView Failed(int turn, string job, int attempt) => Answered(turn, job, "") with
    {
        Status = JobStatus.Failed,
        Attempt = attempt,
        Error = new JobError(ErrorCode.AttemptsExhausted, "no"),
    };

    public static string Receipt(string job) =>
        $$"""{"jobId":"{{job}}","conversationId":"{{Here}}","sessionId":"s","status":"queued","timestamp":"2026-01-01T00:00:00Z","traceId":"t"}""";

    private static string Json<T>(T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        JsonSerializer.Serialize(value, type);

    private Task AnswerAsync(HttpContext context)
    {
        var call = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
        if (_answers.TryGetValue(call, out var answer))
            return answer(context);
        context.Response.StatusCode = 404;
        return context.Response.WriteAsync(
            $$"""{"type":"about:blank","title":"No {{call}}","status":404,"code":"not_found","traceId":"t"}""");
    }
}
