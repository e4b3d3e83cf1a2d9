using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>A proxy before @connections that answers as API Gateway does in trouble: no server that can be had here does.</summary>
internal sealed class TroubledPost : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly Uri _target;
    private readonly WebApplication _app;

    private TroubledPost(Uri target, WebApplication app) => (_target, _app) = (target, app);

    public Uri Address { get; } = new($"http://127.0.0.1:{FreePorts.Next()}");

    /// <summary>The status that a POST gets instead of being passed on; null: it is passed on.</summary>
    public Func<int, int?> Trouble { get; set; } = _ => null;

    /// <summary>POSTs that came.</summary>
    public int Posts => _calls.Count(call => call == HttpMethods.Post);

    public static async Task<TroubledPost> StartAsync(Uri target)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var post = new TroubledPost(target, builder.Build());
        post._app.Urls.Add(post.Address.ToString());
        post._app.Run(post.PassAsync);
        await post._app.StartAsync();
        return post;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        int number;
        lock (_calls)
        {
            _calls.Enqueue(context.Request.Method);
            number = Posts;
        }

        if (context.Request.Method == HttpMethods.Post && Trouble(number) is { } status)
        {
            context.Response.StatusCode = status;
            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        using var passed = new HttpRequestMessage(new HttpMethod(context.Request.Method), _target.ToString().TrimEnd('/') + context.Request.Path);
        if (body.Length > 0) passed.Content = new ByteArrayContent(body.ToArray());
        using var answer = await _http.SendAsync(passed, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
    }
}
