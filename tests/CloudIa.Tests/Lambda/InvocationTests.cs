using System.Text.Json.Nodes;
using CloudIa.Lambda.Runtime;
using CloudIa.Lambda.Serving;
using CloudIa.TestEngines.Functions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Lambda;

/// <summary>What goes wrong with one invocation is told as the Runtime API wants it, and the next one works.</summary>
// One after the other with the others that serve invocations: the trace of the one is the whole process's.
[Collection("invocations")]
public class InvocationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"key1\":\"value1\",\"key2\":\"value2\"}")]
    [InlineData("{\"version\":2}")]
    [InlineData("{\"version\":\"2.0\",\"rawPath\":\"chat\",\"requestContext\":{\"http\":{\"method\":\"GET\"}}}")]
    [InlineData("{\"version\":\"2.0\",\"rawPath\":\"/chat\",\"requestContext\":{\"http\":{}}}")]
    [InlineData("{\"version\":\"2.0\",\"rawPath\":\"/chat\",\"body\":\"***\",\"isBase64Encoded\":true,\"requestContext\":{\"http\":{\"method\":\"POST\"}}}")]
    [InlineData("{\"version\":\"2.0\",\"rawPath\":\"/chat\",\"body\":{},\"requestContext\":{\"http\":{\"method\":\"POST\"}}}")]
    [InlineData("{\"requestContext\":{\"eventType\":\"CONNECT\",\"domainName\":\"id.example.com\",\"stage\":\"prod\"}}")]
    [InlineData("{\"requestContext\":{\"eventType\":\"CONNECT\",\"connectionId\":\"a\",\"stage\":\"prod\"}}")]
    [InlineData("{\"requestContext\":{\"eventType\":\"WAVE\",\"connectionId\":\"a\",\"domainName\":\"id.example.com\",\"stage\":\"prod\"}}")]
    public async Task A_malformed_event_is_reported(string json)
    {
        await using var function = await Function.StartAsync(AnswerAsync);

        Reported(await function.InvokeAsync(json), "MalformedEventException");

        await WorksAsync(function);
    }

    [Theory]
    [InlineData("http-api-format-1")]
    [InlineData("sqs-records")]
    public async Task An_event_of_another_kind_is_reported(string recorded)
    {
        await using var function = await Function.StartAsync(AnswerAsync);

        Reported(await function.InvokeAsync(Function.Recorded(recorded)), "MalformedEventException");

        await WorksAsync(function);
    }

    [Theory]
    [InlineData(typeof(InvalidTimeZoneException))]
    [InlineData(typeof(HttpRequestException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task A_handler_that_throws_is_reported(Type exception)
    {
        await using var function = await Function.StartAsync(ThrowOnceAsync((Exception)Activator.CreateInstance(exception, "it broke")!));

        var error = Reported(await function.InvokeAsync(Function.Recorded("http-api-documented")), exception.Name);

        Assert.Equal("it broke", (string?)error["errorMessage"]);
        Assert.NotEmpty(error["stackTrace"]!.AsArray());
        await WorksAsync(function);
    }

    [Fact]
    public async Task A_handler_is_cancelled_before_its_deadline_and_answers()
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource();
        await using var function = await Function.StartAsync(
            async context =>
            {
                begun.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                context.Response.StatusCode = 503;
            },
            time);
        var outcome = function.InvokeAsync(Function.Recorded("http-api-documented"), time.GetUtcNow() + TimeSpan.FromSeconds(10));
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        time.Advance(TimeSpan.FromSeconds(8.9));
        Assert.False(outcome.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal(503, (int)JsonNode.Parse((await outcome).Answer!)!["statusCode"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handler_that_gives_up_when_cancelled_has_its_excuse(bool half)
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource();
        await using var function = await Function.StartAsync(
            async context =>
            {
                if (half)
                {
                    await context.Response.WriteAsync("half of ");
                }

                begun.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            },
            time);
        var outcome = function.InvokeAsync(Function.Recorded("http-api-documented"), time.GetUtcNow() + TimeSpan.FromSeconds(10));
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        time.Advance(TimeSpan.FromSeconds(9.1));

        var answer = JsonNode.Parse((await outcome).Answer!)!;
        Assert.Equal((504, "OutOfTime"), ((int)answer["statusCode"]!, (string?)answer["body"]));
    }

    [Fact]
    public async Task An_answer_that_was_whole_before_its_time_was_over_is_given()
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource();
        await using var function = await Function.StartAsync(
            async context =>
            {
                context.Response.StatusCode = 202;
                context.Response.ContentType = "text/plain";
                context.Response.ContentLength = 5;
                await context.Response.WriteAsync("taken");
                begun.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            },
            time);
        var outcome = function.InvokeAsync(Function.Recorded("http-api-documented"), time.GetUtcNow() + TimeSpan.FromSeconds(10));
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        time.Advance(TimeSpan.FromSeconds(9.1));

        var answer = JsonNode.Parse((await outcome).Answer!)!;
        Assert.Equal((202, "taken"), ((int)answer["statusCode"]!, (string?)answer["body"]));
    }

    [Fact]
    public async Task A_handler_that_does_not_return_by_its_deadline_is_reported_and_left()
    {
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource();
        var never = new TaskCompletionSource();
        await using var function = await Function.StartAsync(
            context => begun.TrySetResult() ? never.Task : AnswerAsync(context),
            time);
        var outcome = function.InvokeAsync(Function.Recorded("http-api-documented"), time.GetUtcNow() + TimeSpan.FromSeconds(10));
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        time.Advance(TimeSpan.FromSeconds(9.6));

        Reported(await outcome, "DeadlineExceededException");
        await WorksAsync(function);
        never.SetResult();
    }

    [Theory]
    [InlineData(6 * 1024 * 1024)]
    [InlineData(20 * 1024 * 1024)]
    public async Task An_answer_over_six_megabytes_has_its_excuse(int length)
    {
        await using var function = await Function.StartAsync(async context =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.Headers["X-Left"] = "yes";
            var part = new byte[1024 * 1024];
            part.AsSpan().Fill((byte)'a');
            for (var written = 0; written < length; written += part.Length)
            {
                await context.Response.Body.WriteAsync(part);
            }
        });

        var answer = await function.AnswerAsync(Function.Recorded("http-api-documented"));

        Assert.Equal((504, "AnswerTooLarge"), ((int)answer["statusCode"]!, (string?)answer["body"]));
        Assert.Null(answer["headers"]!["X-Left"]);
    }

    [Fact]
    public async Task An_answer_that_is_broken_off_has_its_excuse()
    {
        await using var function = await Function.StartAsync(async context =>
        {
            await context.Response.WriteAsync("half of ");
            context.Abort();
        });

        var answer = await function.AnswerAsync(Function.Recorded("http-api-documented"));

        Assert.Equal("BrokenOff", (string?)answer["body"]);
    }

    [Fact]
    public async Task An_answer_that_is_refused_is_reported()
    {
        await using var function = await Function.StartAsync(AnswerAsync);
        function.Runtime.Refusals.Enqueue(StatusCodes.Status413PayloadTooLarge);

        Reported(await function.InvokeAsync(Function.Recorded("http-api-documented")), nameof(HttpRequestException));

        await WorksAsync(function);
    }

    [Fact]
    public async Task Without_its_Runtime_API_a_function_ends()
    {
        var function = await Function.StartAsync(AnswerAsync);
        var stopped = new TaskCompletionSource();
        using var registration = function.App.Lifetime.ApplicationStopping.Register(stopped.SetResult);

        await function.Runtime.DisposeAsync();

        await stopped.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.NotNull(function.App.Services.GetRequiredService<LambdaServer>().Lost);
        await function.App.DisposeAsync();
    }

    [Fact]
    public async Task A_function_that_is_stopped_waits_for_its_invocation()
    {
        var begun = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var function = await Function.StartAsync(async context =>
        {
            begun.SetResult();
            await go.Task;
            context.Response.StatusCode = 202;
        });
        var outcome = function.InvokeAsync(Function.Recorded("http-api-documented"));
        await begun.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);

        var stop = function.App.StopAsync(TestContext.Current.CancellationToken);
        go.SetResult();

        Assert.Equal(202, (int)JsonNode.Parse((await outcome).Answer!)!["statusCode"]!);
        await stop;
    }

    [Fact]
    public async Task A_failure_to_begin_is_told()
    {
        await using var runtime = await RuntimeApi.StartAsync();
        using var client = new RuntimeClient($"http://{runtime.Address}/");

        await client.ReportInitAsync(RuntimeError.Of(new InvalidTimeZoneException("no such zone")), TestContext.Current.CancellationToken);

        Reported(await runtime.InitError, nameof(InvalidTimeZoneException));
    }

    private static Task AnswerAsync(HttpContext context) => context.Response.WriteAsync("works");

    private static RequestDelegate ThrowOnceAsync(Exception error)
    {
        var thrown = false;
        return context => thrown || !(thrown = true) ? AnswerAsync(context) : throw error;
    }

    private static JsonNode Reported(Outcome outcome, string type)
    {
        Assert.True(outcome.Error is not null, outcome.Answer);
        var error = JsonNode.Parse(outcome.Error)!;
        Assert.Equal(type, outcome.ErrorType);
        Assert.Equal(type, (string?)error["errorType"]);
        Assert.NotEmpty((string)error["errorMessage"]!);
        return error;
    }

    private static async Task WorksAsync(Function function) =>
        Assert.Equal(200, (int)(await function.AnswerAsync(Function.Recorded("http-api-documented")))["statusCode"]!);
}
