using System.Net;
using System.Text;
using System.Text.Json;
using CloudIa.Lambda.Runtime;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace CloudIa.Lambda.Events;

/// <summary>A request as an event has it.</summary>
/// <param name="Request">The request.</param>
/// <param name="Sender">Who sent it, as API Gateway saw it.</param>
/// <param name="Socket">The socket that it is of; null: an HTTP API's.</param>
internal sealed record EventRequest(HttpRequestFeature Request, IPAddress? Sender, RelayedSocket? Socket);

/// <summary>Makes requests of events.</summary>
internal static class EventReader
{
    private const string DefaultStage = "$default";

    /// <exception cref="MalformedEventException">The event is neither an HTTP API's nor a WebSocket API's.</exception>
    public static EventRequest Read(Invocation invocation)
    {
        var read = Parse(invocation.Event.Span);
        var request = read.RequestContext switch
        {
            { EventType: not null } context => OfSocket(read, context),
            { Http: not null } context => OfHttp(read, context, context.Http),
            _ => throw new MalformedEventException($"The event is no request of an HTTP API in payload format 2.0, nor of a WebSocket API (its version is {read.Version ?? "not given"})."),
        };
        AddTrace(request.Request.Headers, invocation.Trace);
        return request;
    }

    private static ApiEvent Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, EventJson.Default.ApiEvent) ?? throw new MalformedEventException("The event is null.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new MalformedEventException("The event is not the JSON of API Gateway.", error);
        }
    }

    private static EventRequest OfHttp(ApiEvent read, ApiContext context, ApiHttp http)
    {
        if (read.Version != "2.0" || http.Method is not { Length: > 0 } method || read.RawPath is not ['/', ..])
        {
            throw new MalformedEventException("The event is of an HTTP API, but has no method, no path, or not the payload format 2.0.");
        }

        var (pathBase, path) = Split(read.RawPath, context.Stage);
        var query = read.RawQueryString is { Length: > 0 } raw ? $"?{raw}" : "";
        var headers = HeadersOf(read, context);
        var request = RequestOf(method, path, query, headers, BodyOf(read));
        request.PathBase = PathString.FromUriComponent(pathBase).Value!;
        request.Protocol = http.Protocol ?? request.Protocol;

        // API Gateway takes calls by TLS alone; emulators say what they are called by.
        request.Scheme = headers["X-Forwarded-Proto"] == "http" ? "http" : "https";
        return new EventRequest(request, AddressOf(http.SourceIp), null);
    }

    private static EventRequest OfSocket(ApiEvent read, ApiContext context)
    {
        var path = context.EventType switch
        {
            "CONNECT" => "/relay/connect",
            "DISCONNECT" => "/relay/disconnect",
            "MESSAGE" => "/relay/frames",
            _ => throw new MalformedEventException("The event is of a WebSocket API, but of no type that one has."),
        };
        if (context.ConnectionId is not { Length: > 0 } connection
            || !Uri.TryCreate($"https://{context.DomainName}/{context.Stage}", UriKind.Absolute, out var callback))
        {
            throw new MalformedEventException("The event is of a WebSocket API, but names no connection, or not the API's address.");
        }

        var request = RequestOf(HttpMethods.Post, path, QueryOf(read), HeadersOf(read, context), BodyOf(read));
        var connectedAt = DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(context.ConnectedAt ?? 0, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
        return new EventRequest(request, AddressOf(context.Identity?.SourceIp), new RelayedSocket(connection, callback, connectedAt));
    }

    private static HttpRequestFeature RequestOf(string method, string path, string query, IHeaderDictionary headers, byte[]? body)
    {
        // The length is the body's own, whatever the client said: API Gateway has read it.
        headers.Remove("Transfer-Encoding");
        headers.ContentLength = body?.Length;
        return new HttpRequestFeature
        {
            Method = method,
            Scheme = "https",
            Protocol = "HTTP/1.1",
            Path = PathString.FromUriComponent(path).Value!,
            QueryString = query,
            RawTarget = path + query,
            Headers = headers,
            Body = body is null ? Stream.Null : new MemoryStream(body, writable: false),
        };
    }

    /// <summary>Takes the stage off a path.</summary>
    private static (string Base, string Path) Split(string path, string? stage)
    {
        if (stage is null or "" or DefaultStage || !path.StartsWith($"/{stage}", StringComparison.Ordinal))
        {
            return ("", path);
        }

        var rest = path[(stage.Length + 1)..];
        return rest switch
        {
            "" => ($"/{stage}", "/"),
            ['/', ..] => ($"/{stage}", rest),
            _ => ("", path),
        };
    }

    private static IHeaderDictionary HeadersOf(ApiEvent read, ApiContext context)
    {
        IHeaderDictionary headers = new HeaderDictionary();
        foreach (var (name, values) in read.MultiValueHeaders ?? read.Headers ?? [])
        {
            headers[name] = new StringValues(values.All);
        }

        if (read.Cookies is { Count: > 0 } cookies)
        {
            headers.Cookie = string.Join("; ", cookies);
        }

        if (StringValues.IsNullOrEmpty(headers.Host))
        {
            headers.Host = context.DomainName;
        }

        return headers;
    }

    /// <summary>The query of an event that has it only in parts.</summary>
    private static string QueryOf(ApiEvent read)
    {
        var query = QueryString.Empty;
        foreach (var (name, values) in read.MultiValueQueryStringParameters ?? read.QueryStringParameters ?? [])
        {
            foreach (var value in values.All)
            {
                query = query.Add(name, value ?? "");
            }
        }

        return query.ToUriComponent();
    }

    private static byte[]? BodyOf(ApiEvent read)
    {
        if (read.Body is null)
        {
            return null;
        }

        try
        {
            return read.IsBase64Encoded ? Convert.FromBase64String(read.Body) : Encoding.UTF8.GetBytes(read.Body);
        }
        catch (FormatException error)
        {
            throw new MalformedEventException("The event's body is not the Base64 that it is said to be.", error);
        }
    }

    private static void AddTrace(IHeaderDictionary headers, string? trace)
    {
        if (trace is { Length: > 0 })
        {
            headers[TraceHeader.Name] = trace;
        }

        if (StringValues.IsNullOrEmpty(headers.TraceParent) && TraceHeader.ToTraceParent(headers[TraceHeader.Name]) is { } parent)
        {
            headers.TraceParent = parent;
        }
    }

    private static IPAddress? AddressOf(string? text) => IPAddress.TryParse(text, out var address) ? address : null;
}
