using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Http;

/// <summary>Reads and writes bodies. A body is read as JSON whatever its content type says.</summary>
internal static class Json
{
    /// <summary>Longer than the path of any property of ours.</summary>
    private const int LongestPath = 64;

    /// <exception cref="RequestRefusedException">The body is too large, or is not the JSON of a <typeparamref name="T"/>.</exception>
    /// <param name="context">Whose body it is.</param>
    /// <param name="type">What it is read as.</param>
    /// <param name="maxBytes">The longest body.</param>
    /// <param name="absent">What no body means; null: that one is needed.</param>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, int maxBytes, T? absent = null)
        where T : class
    {
        if (context.Request.ContentLength > maxBytes)
        {
            throw new RequestRefusedException(ErrorCode.BodyTooLarge);
        }

        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            if (read.Buffer.Length > maxBytes)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw new RequestRefusedException(ErrorCode.BodyTooLarge);
            }

            if (read.IsCompleted)
            {
                try
                {
                    return read.Buffer.IsEmpty && absent is not null ? absent : Parse(read.Buffer, type);
                }
                finally
                {
                    // Also after a refusal: the connection's next request is read from here.
                    reader.AdvanceTo(read.Buffer.End);
                }
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <exception cref="RequestRefusedException">It is not the JSON of a <typeparamref name="T"/>.</exception>
    public static T Parse<T>(ReadOnlySequence<byte> body, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            var value = body.IsSingleSegment
                ? JsonSerializer.Deserialize(body.FirstSpan, type)
                : JsonSerializer.Deserialize(body.ToArray(), type);
            return value ?? throw new RequestRefusedException(ErrorCode.InvalidJson);
        }
        catch (JsonException error)
        {
            // The path, never the text: that is the user's, and so is a name in the path that is none of ours.
            throw new RequestRefusedException(ErrorCode.InvalidJson, error.Path is { Length: > 1 and <= LongestPath } path ? $"at {path}" : null);
        }
    }

    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }
}
