using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudIa.Lambda.Events;

/// <summary>
/// What a function is called with by API Gateway: for a request of an HTTP API in payload format 2.0, or for what happens to a
/// socket of a WebSocket API. Only what is used here is named.
/// </summary>
internal sealed record ApiEvent
{
    /// <summary>The payload format; events of sockets have none.</summary>
    public string? Version { get; init; }

    /// <summary>With the stage before it, unless that is $default.</summary>
    public string? RawPath { get; init; }

    public string? RawQueryString { get; init; }

    /// <summary>Of HTTP APIs, which take them out of the headers.</summary>
    public IReadOnlyList<string>? Cookies { get; init; }

    /// <summary>Of HTTP APIs several values are one, with commas between.</summary>
    public Dictionary<string, Values>? Headers { get; init; }

    public Dictionary<string, Values>? MultiValueHeaders { get; init; }

    public Dictionary<string, Values>? QueryStringParameters { get; init; }

    public Dictionary<string, Values>? MultiValueQueryStringParameters { get; init; }

    public string? Body { get; init; }

    public bool IsBase64Encoded { get; init; }

    public ApiContext? RequestContext { get; init; }
}

/// <summary>What API Gateway says of the request itself.</summary>
internal sealed record ApiContext
{
    public string? Stage { get; init; }

    public string? DomainName { get; init; }

    /// <summary>Of HTTP APIs.</summary>
    public ApiHttp? Http { get; init; }

    /// <summary>Of sockets: CONNECT, DISCONNECT or MESSAGE.</summary>
    public string? EventType { get; init; }

    public string? ConnectionId { get; init; }

    /// <summary>Milliseconds since 1970.</summary>
    public long? ConnectedAt { get; init; }

    public ApiIdentity? Identity { get; init; }
}

internal sealed record ApiHttp(string? Method, string? Protocol, string? SourceIp);

internal sealed record ApiIdentity(string? SourceIp);

/// <summary>One value or several, whichever the JSON has.</summary>
[JsonConverter(typeof(ValuesJson))]
internal readonly record struct Values(string?[] All);

internal sealed class ValuesJson : JsonConverter<Values>
{
    public override Values Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return new Values([reader.GetString()]);
        }

        var all = new List<string?>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            all.Add(reader.GetString());
        }

        return new Values([.. all]);
    }

    public override void Write(Utf8JsonWriter writer, Values value, JsonSerializerOptions options) => throw new NotSupportedException();
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ApiEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
