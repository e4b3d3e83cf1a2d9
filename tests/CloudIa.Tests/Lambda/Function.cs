using System.Text.Json.Nodes;
using CloudIa.Lambda;
using CloudIa.Lambda.Runtime;
using CloudIa.TestEngines.Functions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CloudIa.Tests.Lambda;

/// <summary>A function with a handler of a test's, behind a Runtime API.</summary>
internal sealed class Function : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private Function(RuntimeApi runtime, WebApplication app) => (Runtime, App) = (runtime, app);

    public RuntimeApi Runtime { get; }

    public WebApplication App { get; }

    public static async Task<Function> StartAsync(RequestDelegate handle, TimeProvider? time = null, Action<WebApplication>? build = null)
    {
        var runtime = await RuntimeApi.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services
            .AddSingleton(time ?? TimeProvider.System)
            .AddLambdaServer(new RuntimeClient(runtime.Address), new LambdaOptions(), ExcuseAsync);
        var app = builder.Build();
        build?.Invoke(app);
        app.Run(handle);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Function(runtime, app);
    }

    /// <summary>A recorded event.</summary>
    public static string Recorded(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Lambda", "Events", $"{name}.json"));

    /// <summary>A recorded event, with a change.</summary>
    public static string Recorded(string name, Action<JsonNode> change)
    {
        var read = JsonNode.Parse(Recorded(name))!;
        change(read);
        return read.ToJsonString();
    }

    public async Task<Outcome> InvokeAsync(string json, DateTimeOffset? deadline = null, string? trace = null) =>
        await Runtime.InvokeAsync(json, deadline, trace).WaitAsync(Patience, TestContext.Current.CancellationToken);

    /// <summary>The answer to an event, which must have one.</summary>
    public async Task<JsonNode> AnswerAsync(string json)
    {
        var outcome = await InvokeAsync(json);
        Assert.True(outcome.Answer is not null, outcome.Error);
        return JsonNode.Parse(outcome.Answer)!;
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync(TestContext.Current.CancellationToken);
        await App.DisposeAsync();
        await Runtime.DisposeAsync();
    }

    private static Task ExcuseAsync(HttpContext context, LambdaFault fault)
    {
        context.Response.StatusCode = StatusCodes.Status504GatewayTimeout;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(fault.ToString());
    }
}
