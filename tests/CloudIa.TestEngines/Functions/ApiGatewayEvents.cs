using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace CloudIa.TestEngines.Functions;

/// <summary>
/// What API Gateway's HTTP API does between a client and a function, in payload format 2.0: requests become events, and what
/// the function returns becomes the answer. AWS's documentation: "Working with AWS Lambda proxy integrations for HTTP APIs".
/// </summary>
public static class ApiGatewayEvents
{
    public const string Domain = "id.execute-api.us-east-1.amazonaws.com";

    /// <summary>An event of a request, in the stage $default unless another is given.</summary>
    public static async Task<string> OfAsync(HttpRequestMessage request, string stage = "$default", string sourceIp = "192.0.2.1")
    {
        var uri = request.RequestUri!;
        var prefix = stage == "$default" ? "" : $"/{stage}";
        var path = prefix + (uri.IsAbsoluteUri ? uri.AbsolutePath : uri.OriginalString.Split('?')[0]);
        var headers = new JsonObject { ["x-forwarded-for"] = sourceIp, ["x-forwarded-proto"] = "https", ["x-forwarded-port"] = "443", ["host"] = Domain };
        JsonArray? cookies = null;
        foreach (var (name, values) in request.Headers.NonValidated.Concat(request.Content?.Headers.NonValidated ?? default))
        {
            if (name.Equals("Cookie", StringComparison.OrdinalIgnoreCase))
            {
                cookies = [.. values.SelectMany(value => value.Split(';', StringSplitOptions.TrimEntries)).Select(one => (JsonNode)one)];
            }
            else if (!name.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
            {
                headers[name.ToLowerInvariant()] = string.Join(',', values);
            }
        }

        var query = uri.IsAbsoluteUri ? uri.Query : uri.OriginalString.Contains('?', StringComparison.Ordinal) ? uri.OriginalString[uri.OriginalString.IndexOf('?', StringComparison.Ordinal)..] : "";
        var all = new JsonObject
        {
            ["version"] = "2.0",
            ["routeKey"] = "$default",
            ["rawPath"] = path,
            ["rawQueryString"] = query.TrimStart('?'),
            ["headers"] = headers,
            ["requestContext"] = new JsonObject
            {
                ["accountId"] = "123456789012",
                ["apiId"] = "id",
                ["domainName"] = Domain,
                ["domainPrefix"] = "id",
                ["http"] = new JsonObject
                {
                    ["method"] = request.Method.Method,
                    ["path"] = path,
                    ["protocol"] = "HTTP/1.1",
                    ["sourceIp"] = sourceIp,
                    ["userAgent"] = "agent",
                },
                ["requestId"] = "JKJaXmPLvHcESHA=",
                ["routeKey"] = "$default",
                ["stage"] = stage,
                ["time"] = "12/Mar/2020:19:03:58 +0000",
                ["timeEpoch"] = 1583348638390,
            },
            ["isBase64Encoded"] = false,
        };
        if (cookies is not null) all["cookies"] = cookies;
        if (request.Content is { } content && await content.ReadAsByteArrayAsync() is { Length: > 0 } body)
        {
            // As text where its type says that it is some; else in Base64.
            var isText = content.Headers.ContentType?.MediaType is { } type
                && (type.StartsWith("text/", StringComparison.Ordinal) || type is "application/json" or "application/javascript" or "application/xml");
            headers["content-length"] = body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
            all["body"] = isText ? Encoding.UTF8.GetString(body) : Convert.ToBase64String(body);
            all["isBase64Encoded"] = !isText;
        }

        return all.ToJsonString();
    }

    /// <summary>The answer that a client gets: the function's, or API Gateway's own where there is none.</summary>
    public static HttpResponseMessage Read(Outcome outcome)
    {
        if (outcome.Answer is null || JsonNode.Parse(outcome.Answer) is not JsonObject answer)
        {
            return new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = new StringContent("""{"message":"Internal Server Error"}""", Encoding.UTF8, "application/json") };
        }

        var body = (string?)answer["body"] ?? "";
        var response = new HttpResponseMessage((HttpStatusCode)(int)answer["statusCode"]!)
        {
            Content = new ByteArrayContent((bool?)answer["isBase64Encoded"] == true ? Convert.FromBase64String(body) : Encoding.UTF8.GetBytes(body)),
        };
        foreach (var (name, value) in answer["headers"]?.AsObject() ?? [])
        {
            if (!response.Headers.TryAddWithoutValidation(name, (string?)value)) response.Content.Headers.TryAddWithoutValidation(name, (string?)value);
        }

        response.Headers.TryAddWithoutValidation("Set-Cookie", (answer["cookies"]?.AsArray() ?? []).Select(cookie => (string?)cookie));
        return response;
    }
}
