using System.Text.Json.Serialization;

namespace CloudIa.Lambda.Runtime;

/// <summary>A failure as the Runtime API is told of it.</summary>
public sealed record RuntimeError(string ErrorType, string ErrorMessage, IReadOnlyList<string> StackTrace)
{
    /// <summary>An exception's type, message and stack.</summary>
    public static RuntimeError Of(Exception error) => new(
        error.GetType().Name,
        error.Message,
        error.StackTrace?.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? []);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RuntimeError))]
internal sealed partial class RuntimeJson : JsonSerializerContext;
