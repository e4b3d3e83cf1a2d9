using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;
using CloudIa.Aws;
using CloudIa.Aws.Relay;
using CloudIa.Core.Delivery.Relay;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>
/// Calls of @connections over real HTTP. No server that can be had here checks signatures or refuses as API Gateway does,
/// so this one does: the signature is made again from what came, as AWS documents SigV4.
/// </summary>
public sealed class ConnectionsPostTests : IAsyncLifetime
{
    private const string Secret = "a secret key of a test";

    private readonly List<(string Method, string Target, string Body)> calls = [];
    private WebApplication server = null!;
    private Uri callback = null!;
    private Func<HttpContext, Task> answer = context => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        server = builder.Build();
        server.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            var target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
            lock (calls)
            {
                calls.Add((context.Request.Method, target, body));
            }

            context.Response.StatusCode = IsSigned(context.Request, target, body) ? 200 : 403;
            await answer(context);
        });
        await server.StartAsync();
        callback = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/live");
    }

    public async ValueTask DisposeAsync() => await server.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_comes_as_it_is_and_signed(bool withToken)
    {
        using var post = Post(withToken);
        var said = Encoding.UTF8.GetBytes("{\"event\":\"message_delta\",\"delta\":\"Olá 🌍 \\\"x\\\"\"}");
        Assert.Equal(PostOutcome.Taken, await post.PostAsync(Connection(), said, CancellationToken.None));
        Assert.Equal(PostOutcome.Taken, await post.CutAsync(Connection(), CancellationToken.None));
        Assert.Equal(
            [("POST", "/live/@connections/L0SM9c%2BOF%2FvHc%3D", Encoding.UTF8.GetString(said)), ("DELETE", "/live/@connections/L0SM9c%2BOF%2FvHc%3D", "")],
            calls);
    }

    [Theory]
    [InlineData(200, PostOutcome.Taken)]
    [InlineData(204, PostOutcome.Taken)]
    [InlineData(410, PostOutcome.Gone)]
    [InlineData(413, PostOutcome.TooLarge)]
    [InlineData(429, PostOutcome.Busy)]
    [InlineData(403, PostOutcome.Failed)]
    [InlineData(500, PostOutcome.Failed)]
    [InlineData(503, PostOutcome.Failed)]
    public async Task Each_status_has_its_outcome(int status, PostOutcome outcome)
    {
        answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        using var post = Post();
        Assert.Equal(outcome, await post.PostAsync(Connection(), "x"u8.ToArray(), CancellationToken.None));
    }

    [Fact]
    public async Task A_server_that_is_silent_or_not_there_fails_in_time()
    {
        answer = context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        using var post = Post(milliseconds: 300);
        Assert.Equal(PostOutcome.Failed, await post.PostAsync(Connection(), "x"u8.ToArray(), CancellationToken.None));
        await server.StopAsync(new CancellationToken(true));
        Assert.Equal(PostOutcome.Failed, await post.PostAsync(Connection(), "x"u8.ToArray(), CancellationToken.None));
    }

    [Fact]
    public async Task A_call_that_is_given_up_says_so()
    {
        answer = context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        using var post = Post();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await post.PostAsync(Connection(), "x"u8.ToArray(), soon.Token));
    }

    private RelayedConnection Connection() => new()
    {
        Id = "L0SM9c+OF/vHc=",
        Callback = callback,
        ConnectionId = "",
        Owner = "",
        SessionId = "",
        ExpiresAt = default,
        OpenedAt = default,
        TraceId = "",
    };

    private static ConnectionsPost Post(bool withToken = false, int milliseconds = 60_000) => new(
        new AwsOptions { ConnectionsMilliseconds = milliseconds },
        NullLogger<ConnectionsPost>.Instance,
        withToken ? new SessionAWSCredentials("AKIDEXAMPLE", Secret, "a session token") : new BasicAWSCredentials("AKIDEXAMPLE", Secret));

    /// <summary>Whether the request bears the signature that AWS would make of it.</summary>
    private static bool IsSigned(HttpRequest request, string target, string body)
    {
        // AWS4-HMAC-SHA256 Credential=key/day/region/service/aws4_request, SignedHeaders=a;b, Signature=hex
        var parts = request.Headers.Authorization.ToString().Split([" Credential=", ", SignedHeaders=", ", Signature="], StringSplitOptions.None);
        if (parts is not ["AWS4-HMAC-SHA256", var credential, var names, var signature] || credential.Split('/') is not ["AKIDEXAMPLE", var day, var region, "execute-api", "aws4_request"])
        {
            return false;
        }

        // All services but S3 encode the path once more.
        var path = string.Join('/', target.Split('/').Select(part => Uri.EscapeDataString(part == "@connections" ? "%40connections" : part)));
        var headers = string.Concat(names.Split(';').Select(name => $"{name}:{string.Join(' ', request.Headers[name].ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries))}\n"));
        var canonical = $"{request.Method}\n{path}\n\n{headers}\n{names}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(body)))}";
        var scope = $"{day}/{region}/execute-api/aws4_request";
        var text = $"AWS4-HMAC-SHA256\n{request.Headers["X-Amz-Date"]}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = new[] { day, region, "execute-api", "aws4_request" }
            .Aggregate(Encoding.UTF8.GetBytes("AWS4" + Secret), (key, part) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part)));
        return names.Contains("host", StringComparison.Ordinal)
            && (!request.Headers.ContainsKey("X-Amz-Security-Token") || names.Contains("x-amz-security-token", StringComparison.Ordinal))
            && Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))) == signature;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
