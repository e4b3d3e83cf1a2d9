using System.Net.Http.Headers;
using System.Text;
using CloudIa.TestEngines.Functions;
using CsCheck;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Tests.Lambda;

/// <summary>Whatever a client sends is what the handler reads, and whatever the handler answers is what the client gets.</summary>
// One after the other with the others that serve invocations: the trace of the one is the whole process's.
[Collection("invocations")]
public class EventLawTests
{
    private static readonly Gen<string> Name = Gen.String[Gen.Char['a', 'z'], 1, 8];
    private static readonly Gen<string> Printable = Gen.String[Gen.Char['!', '~'], 0, 20];
    private static readonly Gen<string> Any = Gen.String[Gen.Char["aé😀\uD800 &=+%#/?,;\"\\\u0001\u2028<"], 0, 20].Select(text => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));

    private static readonly Gen<(byte[] Bytes, string? Type)> Body = Gen.OneOf(
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Const((string?)"application/octet-stream")),
        Gen.Select(Gen.Byte.Array[0, 200], Gen.Const((string?)null)),
        Gen.Select(Any.Select(Encoding.UTF8.GetBytes), Gen.Const((string?)"application/json")));

    [Fact]
    public async Task A_request_comes_through_as_it_was_sent()
    {
        Sent? seen = null;
        await using var function = await Function.StartAsync(async context => seen = await Sent.ReadAsync(context));

        await Gen.Select(Gen.Dictionary(Name, Printable)[0, 4], Gen.Dictionary(Name, Any.Array[1, 3])[0, 4], Gen.Dictionary(Name, Name)[0, 4], Body, Gen.Bool).SampleAsync(
            async (headers, query, cookies, body, staged) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Put, $"/a/b{ToQuery(query)}");
                foreach (var (name, value) in headers)
                {
                    Assert.True(request.Headers.TryAddWithoutValidation($"x-{name}", value));
                }

                if (cookies.Count > 0)
                {
                    request.Headers.Add("Cookie", string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
                }

                request.Content = new ByteArrayContent(body.Bytes);
                request.Content.Headers.ContentType = body.Type is null ? null : new MediaTypeHeaderValue(body.Type);

                await function.AnswerAsync(await ApiGatewayEvents.OfAsync(request, staged ? "prod" : "$default"));

                Assert.Equal("/a/b", seen!.Path);
                Assert.Equal(headers.OrderBy(one => one.Key), seen.Headers.OrderBy(one => one.Key));
                Assert.Equal(query.OrderBy(one => one.Key), seen.Query.OrderBy(one => one.Key));
                Assert.Equal(cookies.OrderBy(one => one.Key), seen.Cookies.OrderBy(one => one.Key));
                Assert.Equal(body.Bytes, seen.Body);
                Assert.Equal(body.Type, seen.Type);
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public async Task An_answer_comes_through_as_it_was_given()
    {
        var given = (Status: 200, Headers: new Dictionary<string, string>(), Cookies: new Dictionary<string, string>(), Body: (Bytes: Array.Empty<byte>(), Type: (string?)null));
        await using var function = await Function.StartAsync(async context =>
        {
            context.Response.StatusCode = given.Status;
            context.Response.ContentType = given.Body.Type;
            foreach (var (name, value) in given.Headers)
            {
                context.Response.Headers[$"x-{name}"] = value;
            }

            foreach (var (name, value) in given.Cookies)
            {
                context.Response.Cookies.Append(name, value);
            }

            await context.Response.Body.WriteAsync(given.Body.Bytes);
        });

        await Gen.Select(Gen.Int[200, 599], Gen.Dictionary(Name, Printable)[0, 4], Gen.Dictionary(Name, Name)[0, 4], Body).SampleAsync(
            async (status, headers, cookies, body) =>
            {
                given = (status, headers, cookies, body);

                using var answer = ApiGatewayEvents.Read(await function.InvokeAsync(Function.Recorded("http-api-documented")));

                Assert.Equal(status, (int)answer.StatusCode);
                Assert.All(headers, header => Assert.Equal(header.Value, answer.Headers.NonValidated[$"x-{header.Key}"].ToString()));
                Assert.Equal(
                    cookies.Select(cookie => $"{cookie.Key}={cookie.Value}; path=/").Order(),
                    answer.Headers.TryGetValues("Set-Cookie", out var set) ? set.Order() : []);
                Assert.Equal(body.Bytes, await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
                Assert.Equal(body.Type, answer.Content.Headers.ContentType?.MediaType);
            },
            iter: 300,
            threads: 1);
    }

    private static string ToQuery(Dictionary<string, string[]> query) => query.Count == 0 ? "" : "?" + string.Join(
        '&', query.SelectMany(one => one.Value.Select(value => $"{one.Key}={Uri.EscapeDataString(value)}")));

    private sealed record Sent(string Path, Dictionary<string, string> Headers, Dictionary<string, string[]> Query, Dictionary<string, string> Cookies, byte[] Body, string? Type)
    {
        public static async Task<Sent> ReadAsync(HttpContext context)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            return new Sent(
                context.Request.Path.Value!,
                context.Request.Headers
                    .Where(header => header.Key.StartsWith("x-", StringComparison.Ordinal) && !header.Key.StartsWith("x-forwarded-", StringComparison.Ordinal))
                    .ToDictionary(header => header.Key[2..], header => header.Value.ToString()),
                context.Request.Query.ToDictionary(one => one.Key, one => one.Value.OfType<string>().ToArray()),
                context.Request.Cookies.ToDictionary(one => one.Key, one => one.Value),
                body.ToArray(),
                context.Request.ContentType);
        }
    }
}
