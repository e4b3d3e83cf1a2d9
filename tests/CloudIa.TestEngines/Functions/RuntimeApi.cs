using System.Globalization;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CloudIa.TestEngines.Functions;

/// <summary>What became of an invocation: its answer, or the error that was reported and the type that stood in the header.</summary>
public sealed record Outcome(string? Answer, string? Error, string? ErrorType);

/// <summary>
/// Lambda's Runtime API as AWS documents it (2018-06-01), for one function at a time and on the loopback interface: it gives
/// events that a test has, and takes what the function makes of them.
/// </summary>
public sealed class RuntimeApi : IAsyncDisposable
{
    private readonly Channel<Pending> _events = Channel.CreateUnbounded<Pending>();
    private readonly Dictionary<string, Pending> _running = [];
    private readonly TaskCompletionSource<Outcome> _initError = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WebApplication _app;

    private RuntimeApi(WebApplication app) => _app = app;

    /// <summary>host:port, as the variable AWS_LAMBDA_RUNTIME_API has it.</summary>
    public string Address { get; } = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{FreePorts.Next()}");

    /// <summary>What a function said that could not begin.</summary>
    public Task<Outcome> InitError => _initError.Task;

    /// <summary>The statuses that the next answers are refused with, instead of 202.</summary>
    public Queue<int> Refusals { get; } = new();

    public static async Task<RuntimeApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        var api = new RuntimeApi(builder.Build());
        api._app.Urls.Add($"http://{api.Address}");
        api._app.Run(api.ServeAsync);
        await api._app.StartAsync();
        return api;
    }

    /// <summary>Gives the function an event, and returns what it made of it.</summary>
    /// <param name="json">The event.</param>
    /// <param name="deadline">When its time is over; null: the function is not told.</param>
    /// <param name="trace">The X-Ray header; null: none.</param>
    public Task<Outcome> InvokeAsync(string json, DateTimeOffset? deadline = null, string? trace = null)
    {
        var pending = new Pending(Guid.NewGuid().ToString(), json, deadline, trace);
        lock (_running) _running[pending.Id] = pending;
        ObjectDisposedException.ThrowIf(!_events.Writer.TryWrite(pending), this);
        return pending.Outcome.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task ServeAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (context.Request.Method, path)
        {
            case ("GET", ["2018-06-01", "runtime", "invocation", "next"]):
                await GiveAsync(context);
                break;
            case ("POST", ["2018-06-01", "runtime", "invocation", var id, "response"]):
                var answer = await ReadAsync(context);
                if (Refusals.TryDequeue(out var status)) context.Response.StatusCode = status;
                else Take(context, id, new Outcome(answer, null, null));
                break;
            case ("POST", ["2018-06-01", "runtime", "invocation", var id, "error"]):
                Take(context, id, await ReadErrorAsync(context));
                break;
            case ("POST", ["2018-06-01", "runtime", "init", "error"]):
                _initError.TrySetResult(await ReadErrorAsync(context));
                context.Response.StatusCode = (int)HttpStatusCode.Accepted;
                break;
            default:
                context.Response.StatusCode = (int)HttpStatusCode.NotFound;
                break;
        }
    }

    private async Task GiveAsync(HttpContext context)
    {
        var pending = await _events.Reader.ReadAsync(context.RequestAborted);
        var headers = context.Response.Headers;
        headers["Lambda-Runtime-Aws-Request-Id"] = pending.Id;
        headers["Lambda-Runtime-Invoked-Function-Arn"] = "arn:aws:lambda:us-east-1:123456789012:function:cloudia";
        if (pending.Deadline is { } deadline) headers["Lambda-Runtime-Deadline-Ms"] = deadline.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        if (pending.Trace is { } trace) headers["Lambda-Runtime-Trace-Id"] = trace;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(pending.Json);
    }

    private void Take(HttpContext context, string id, Outcome outcome)
    {
        Pending? pending;
        lock (_running) _running.Remove(id, out pending);
        context.Response.StatusCode = (int)(pending is null ? HttpStatusCode.BadRequest : HttpStatusCode.Accepted);
        pending?.Outcome.TrySetResult(outcome);
    }

    private static async Task<Outcome> ReadErrorAsync(HttpContext context) =>
        new(null, await ReadAsync(context), context.Request.Headers["Lambda-Runtime-Function-Error-Type"]);

    private static async Task<string> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return await reader.ReadToEndAsync();
    }

    private sealed record Pending(string Id, string Json, DateTimeOffset? Deadline, string? Trace)
    {
        public TaskCompletionSource<Outcome> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
