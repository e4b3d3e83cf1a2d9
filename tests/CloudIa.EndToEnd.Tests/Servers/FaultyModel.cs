using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>
/// OpenAI's and Anthropic's streaming wires with the faults that a test asks for, and a log of its calls. It stands
/// only where aimock cannot: an answer that takes exactly as long as the test wants, or that breaks at a certain byte.
/// </summary>
internal sealed class FaultyModel : IAsyncDisposable
{
    /// <summary>Of the address for OpenAI's wire.</summary>
    public const string Path = "/v1";

    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ModelCall> _calls = new();
    private int _count;

    private FaultyModel(WebApplication app, int port)
    {
        _app = app;
        Endpoint = new Uri($"http://127.0.0.1:{port}{Path}");
    }

    /// <summary>The base address for a client of OpenAI's wire.</summary>
    public Uri Endpoint { get; }

    /// <summary>The base address for a client of Anthropic's wire.</summary>
    public Uri AnthropicEndpoint => new(Endpoint, "/");

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
        foreach (var wire in new ModelWire[] { new OpenAiWire(), new AnthropicWire() })
        {
            app.MapPost(wire.Path, (HttpContext http) => model.Complete(http, wire));
        }

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

    private async Task Complete(HttpContext http, ModelWire wire)
    {
        var body = (await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted))!;
        var call = new ModelCall(Interlocked.Increment(ref _count), wire.Prompt(body))
        {
            System = wire.System(body),
            Caller = http.Request.Headers.Authorization.ToString(),
        };
        var reply = Answer(call);
        call.Reply = reply;
        _calls.Enqueue(call);
        try
        {
            await (reply.Status == 200 ? new ReplyStream(http, wire, reply, call).Send() : Refuse(http, wire, reply));
            call.Close(ModelCallState.Ended);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            call.Close(ModelCallState.Abandoned);
        }
    }

    private static Task Refuse(HttpContext http, ModelWire wire, ModelReply reply)
    {
        http.Response.StatusCode = reply.Status;
        if (reply.RetryAfter is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(wire.ErrorBody, http.RequestAborted);
    }
}
