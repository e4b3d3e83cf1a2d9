using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace CloudIa.Lambda.Events;

/// <summary>What a function answers API Gateway, for both kinds of API.</summary>
internal sealed record ApiAnswer
{
    public required int StatusCode { get; init; }

    /// <summary>Several values of a name are one, with commas between.</summary>
    public Dictionary<string, string>? Headers { get; init; }

    /// <summary>The values of Set-Cookie.</summary>
    public IReadOnlyList<string>? Cookies { get; init; }

    public string? Body { get; init; }

    public bool? IsBase64Encoded { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ApiAnswer))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    /// <summary>Text as it is: escaped it could be several times as long, and the limit is on what is sent.</summary>
    public static AnswerJson Plain => field ??= new(new JsonSerializerOptions(Default.Options)
    {
        // Made at its first use: the order of static initialisers over partial files is not defined.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
