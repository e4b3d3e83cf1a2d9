using System.Text.Json;
using CloudIa.Core.Model;
using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace CloudIa.Models;

/// <summary>Errors that a provider tells in its stream, after HTTP 200.</summary>
internal static class StreamErrors
{
    /// <summary>OpenAI's wire tells one in the place of a chunk, and its SDK takes it for a chunk without text. Null: there is none.</summary>
    public static ModelFailure? In(ChatResponseUpdate update)
    {
#pragma warning disable SCME0001 // The one way to what the SDK has no property for.
        if (update.RawRepresentation is not StreamingChatCompletionUpdate { ContentUpdate.Count: 0 } chunk || !chunk.Patch.TryGetJson("$.error"u8, out var json))
        {
            return null;
        }
#pragma warning restore SCME0001

        using var error = JsonDocument.Parse(json);
        return error.RootElement.ValueKind == JsonValueKind.Null ? null : Failure(error.RootElement);
    }

    /// <summary>The failure that an error object stands for, in either wire's words; of no other kind than overload where it does not tell.</summary>
    public static ModelFailure Failure(JsonElement error)
    {
        var told = Member(error, "error") is { ValueKind: JsonValueKind.Object } inner ? inner : error;
        var kind = KindOf(Member(told, "type")) ?? KindOf(Member(told, "code")) ?? ModelFailureKind.Overloaded;
        return new ModelFailure(kind, "an error event in the stream");
    }

    private static JsonElement? Member(JsonElement error, string name) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty(name, out var member) ? member : null;

    private static ModelFailureKind? KindOf(JsonElement? word) => word?.ToString() switch
    {
        "rate_limit_error" or "rate_limit_exceeded" or "429" => ModelFailureKind.Throttled,
        "timeout_error" or "408" or "504" => ModelFailureKind.Timeout,
        "authentication_error" or "permission_error" or "401" or "403" => ModelFailureKind.BadCredentials,
        "invalid_request_error" or "not_found_error" or "request_too_large" or "400" or "404" or "413" => ModelFailureKind.BadRequest,
        _ => null,
    };
}
