using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Lambda;

/// <summary>Answers as API Gateway takes them.</summary>
// One after the other with the others that serve invocations: the trace of the one is the whole process's.
[Collection("invocations")]
public class EventAnswerTests
{
    [Fact]
    public async Task An_answer_has_status_headers_cookies_and_text()
    {
        var answer = await AnswerAsync(async context =>
        {
            context.Response.StatusCode = 202;
            context.Response.ContentType = "application/json";
            context.Response.Headers.Location = "/chat/1";
            context.Response.Headers.Append("Vary", "Origin");
            context.Response.Headers.Append("Vary", "Accept-Language");
            context.Response.Cookies.Append("one", "1");
            context.Response.Cookies.Append("two", "2, 3");
            await context.Response.WriteAsync("{\"text\":\"Olá, \\\"IA\\\" 🙂\"}");
        });

        Assert.Equal(202, (int)answer["statusCode"]!);
        Assert.Equal("/chat/1", (string?)answer["headers"]!["Location"]);
        Assert.Equal("Origin, Accept-Language", (string?)answer["headers"]!["Vary"]);
        Assert.Equal(["one=1; path=/", "two=2%2C%203; path=/"], answer["cookies"]!.AsArray().Select(cookie => (string?)cookie));
        Assert.Null(answer["headers"]!["Set-Cookie"]);
        Assert.Equal("{\"text\":\"Olá, \\\"IA\\\" 🙂\"}", (string?)answer["body"]);
        Assert.False((bool)answer["isBase64Encoded"]!);
    }

    [Theory]
    [InlineData("text/plain; charset=utf-8", null, false)]
    [InlineData("application/problem+json", null, false)]
    [InlineData("application/json", "gzip", true)]
    [InlineData("application/octet-stream", null, true)]
    [InlineData(null, null, true)]
    public async Task A_body_that_is_no_text_is_in_Base64(string? type, string? encoding, bool encoded)
    {
        var answer = await AnswerAsync(async context =>
        {
            context.Response.ContentType = type;
            if (encoding is not null)
            {
                context.Response.Headers.ContentEncoding = encoding;
            }

            await context.Response.WriteAsync("text");
        });

        Assert.Equal(encoded, (bool)answer["isBase64Encoded"]!);
        Assert.Equal("text", encoded ? Encoding.UTF8.GetString(Convert.FromBase64String((string)answer["body"]!)) : (string?)answer["body"]);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_keeps_its_bytes()
    {
        byte[] bytes = [0x61, 0xC3, 0x28];
        var answer = await AnswerAsync(async context =>
        {
            context.Response.ContentType = "text/plain";
            await context.Response.Body.WriteAsync(bytes);
        });

        Assert.True((bool)answer["isBase64Encoded"]!);
        Assert.Equal(bytes, Convert.FromBase64String((string)answer["body"]!));
    }

    [Fact]
    public async Task What_was_written_by_the_pipe_and_never_flushed_is_there()
    {
        var answer = await AnswerAsync(context =>
        {
            context.Response.ContentType = "text/plain";
            "text"u8.CopyTo(context.Response.BodyWriter.GetSpan(4));
            context.Response.BodyWriter.Advance(4);
            return Task.CompletedTask;
        });

        Assert.Equal("text", (string?)answer["body"]);
    }

    [Fact]
    public async Task Headers_that_are_set_at_the_start_are_there_with_and_without_a_body()
    {
        foreach (var body in new[] { "text", "" })
        {
            var answer = await AnswerAsync(async context =>
            {
                context.Response.OnStarting(() =>
                {
                    context.Response.Headers["X-Late"] = "yes";
                    return Task.CompletedTask;
                });
                await context.Response.WriteAsync(body);
            });

            Assert.Equal("yes", (string?)answer["headers"]!["X-Late"]);
        }
    }

    [Fact]
    public async Task A_HEAD_request_has_no_body()
    {
        await using var function = await Function.StartAsync(context => context.Response.WriteAsync("text"));

        var answer = await function.AnswerAsync(Function.Recorded("http-api-documented", read => read["requestContext"]!["http"]!["method"] = "HEAD"));

        Assert.Null(answer["body"]);
    }

    [Theory]
    [InlineData(200, "a text for nobody", null)]
    [InlineData(401, "a refusal", "a refusal")]
    public async Task A_sockets_answer_is_its_status_and_the_text_of_a_refusal(int status, string said, string? body)
    {
        await using var function = await Function.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(said);
        });

        var answer = await function.AnswerAsync(Function.Recorded("websocket-connect"));

        Assert.Equal(status, (int)answer["statusCode"]!);
        Assert.Equal(body, (string?)answer["body"]);
        Assert.Null(answer["headers"]);
    }

    private static async Task<JsonNode> AnswerAsync(RequestDelegate handle)
    {
        await using var function = await Function.StartAsync(handle);
        return await function.AnswerAsync(Function.Recorded("http-api-documented"));
    }
}
