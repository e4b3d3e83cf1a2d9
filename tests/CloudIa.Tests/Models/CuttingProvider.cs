using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using CloudIa.Core.Model;
using CloudIa.Models;
using CloudIa.Settings;
using CloudIa.Tests.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CloudIa.Tests.Models;

/// <summary>Both providers' HTTP on a real port, and the program's own clients of it: each call has a reply of its own.</summary>
internal sealed class CuttingProvider : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly WebApplication server;
    private readonly ConcurrentDictionary<string, CutReply> replies = new();
    private int calls;

    private CuttingProvider(WebApplication server) => this.server = server;

    public static async Task<CuttingProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var provider = new CuttingProvider(app);
        app.MapPost("/v1/chat/completions", provider.AnswerAsync);
        app.MapPost("/v1/messages", provider.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    /// <summary>The program's client of this provider.</summary>
    public CatalogModel Model(string provider)
    {
        var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new ModelFactory(new SecretSettings(), TimeProvider.System).Create(new ModelOptions
        {
            Name = provider,
            Provider = provider,
            ApiKey = "none",
            Endpoint = provider == "openai" ? $"{address}/v1" : address,
            FirstTokenSeconds = 600,
            SilenceSeconds = 600,
            TotalSeconds = 600,
            Retries = 0,
        });
    }

    /// <summary>One call, and all text that it gave.</summary>
    public async Task<(GenerationEnd End, string Text)> CallAsync(CatalogModel model, CutReply reply)
    {
        var name = Interlocked.Increment(ref calls).ToString(CultureInfo.InvariantCulture);
        replies[name] = reply;
        var generation = OneAnswer.Of(model, [new ChatMessage(ChatRole.User, name)], TimeProvider.System);
        var length = 0;
        var end = await generation.RunAsync(
            piece =>
            {
                length += piece.Length;
                reply.Show(length);
                return ValueTask.FromResult(true);
            },
            TestContext.Current.CancellationToken);
        return (end, generation.Text);
    }

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(TestContext.Current.CancellationToken);
        await server.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var cancel = http.RequestAborted;
        var body = await JsonNode.ParseAsync(http.Request.Body, cancellationToken: cancel);
        replies.TryRemove(Text(body!["messages"]![0]!["content"]!), out var reply);
        http.Response.StatusCode = reply!.Status;
        http.Response.Headers.RetryAfter = reply.RetryAfter;
        http.Response.ContentType = reply.Status == 200 ? "text/event-stream" : "application/json";
        await http.Response.StartAsync(cancel);
        var from = 0;
        foreach (var to in reply.Cuts.Append(reply.End))
        {
            await http.Response.Body.WriteAsync(reply.Stream.Bytes[from..to], cancel);
            await http.Response.Body.FlushAsync(cancel);
            await ReadAsync(reply, from, to, cancel);
            from = to;
        }

        if (reply.Reset)
        {
            http.Abort();
        }
    }

    /// <summary>Two writes are two reads only where the first was read before the second is made.</summary>
    private static Task ReadAsync(CutReply reply, int from, int to, CancellationToken cancel)
    {
        var text = reply.Stream.TextIn(to);
        return text > reply.Stream.TextIn(from) || to == reply.End
            ? reply.Shows(text).WaitAsync(Patience, TimeProvider.System, cancel)
            : Task.Delay(reply.Pause, TimeProvider.System, cancel);
    }

    private static string Text(JsonNode content) => content is JsonArray parts ? (string)parts[0]!["text"]! : (string)content!;
}
