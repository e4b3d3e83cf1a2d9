using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>
/// OpenAI's streaming wire with the faults that a test asks for. It stands only where aimock cannot: an answer
/// that takes exactly as long as the test wants, or that breaks at a certain piece.
/// </summary>
internal sealed class FaultyModel : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ModelCall> _calls = new();
    private int _count;

    private FaultyModel(WebApplication app, int port)
    {
        _app = app;
        Endpoint = new Uri($"http://127.0.0.1:{port}/v1");
    }

    public Uri Endpoint { get; }

    /// <summary>Decides on each call; may be exchanged at any time.</summary>
    public required Func<ModelCall, ModelReply> Answer { get; set; }

    public IReadOnlyList<ModelCall> Calls => [.. _calls];

    public static async Task<FaultyModel> Start(Func<ModelCall, ModelReply> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var port = FreePorts.Next();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        var app = builder.Build();
        var model = new FaultyModel(app, port) { Answer = answer };
        app.MapPost("/v1/chat/completions", model.Complete);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return model;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
    }

    private async Task Complete(HttpContext http)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted))!;
        var call = new ModelCall(Interlocked.Increment(ref _count), Prompt(body)) { System = System(body) };
        var reply = Answer(call);
        call.Reply = reply;
        _calls.Enqueue(call);
        try
        {
            await Send(http, reply);
            call.Close(ModelCallState.Ended);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            call.Close(ModelCallState.Abandoned);
        }
    }

    private static async Task Send(HttpContext http, ModelReply reply)
    {
        var cancel = http.RequestAborted;
        if (reply.Status != 200)
        {
            http.Response.StatusCode = reply.Status;
            if (reply.RetryAfter is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync("""{"error":{"message":"asked to fail","type":"server_error"}}""", cancel);
            return;
        }

        http.Response.ContentType = "text/event-stream";
        for (var sent = 0; sent < reply.Pieces.Count; sent++)
        {
            if (reply.Gate is { } gate && sent == reply.GateAfter) await gate.WaitAsync(cancel);
            reply.Sending?.Invoke(sent);
            if (reply.Pace > TimeSpan.Zero) await Task.Delay(reply.Pace, TimeProvider.System, cancel);
            await Write(http, Chunk(new JsonObject { ["content"] = reply.Pieces[sent] }, null));
        }

        reply.Sending?.Invoke(reply.Pieces.Count);
        switch (reply.Ending)
        {
            case ReplyEnding.Whole:
                await Write(http, Chunk([], "stop"));
                await Write(http, "[DONE]");
                break;
            case ReplyEnding.Reset:
                http.Abort();
                break;
            case ReplyEnding.ErrorInStream:
                await Write(http, """{"error":{"message":"overloaded in the middle","type":"server_error","code":"overloaded"}}""");
                break;
        }
    }

    private static async Task Write(HttpContext http, string data)
    {
        await http.Response.WriteAsync($"data: {data}\n\n", http.RequestAborted);
        await http.Response.Body.FlushAsync(http.RequestAborted);
    }

    private static string Chunk(JsonObject delta, string? finishReason) => new JsonObject
    {
        ["id"] = "chatcmpl-faulty",
        ["object"] = "chat.completion.chunk",
        ["created"] = 1_700_000_000,
        ["model"] = "tested-model",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["delta"] = delta,
            ["finish_reason"] = finishReason,
        }),
    }.ToJsonString();

    private static IReadOnlyList<PromptMessage> Prompt(JsonNode body) =>
    [
        .. body["messages"]!.AsArray()
            .Select(message => new PromptMessage((string)message!["role"]!, Text(message["content"]!)))
            .Where(message => message.Role is not ("system" or "developer")),
    ];

    private static string System(JsonNode body) => string.Concat(
        body["messages"]!.AsArray().Where(message => (string)message!["role"]! is "system" or "developer").Select(message => Text(message!["content"]!)));

    private static string Text(JsonNode content) => content is JsonArray parts
        ? string.Concat(parts.Select(part => (string?)part!["text"]))
        : (string)content!;
}
