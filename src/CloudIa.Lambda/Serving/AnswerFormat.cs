using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using CloudIa.Lambda.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace CloudIa.Lambda.Serving;

/// <summary>Makes API Gateway's JSON of an answer.</summary>
internal static class AnswerFormat
{
    /// <summary>What Lambda takes of an answer, in bytes of its JSON.</summary>
    public const int MostBytes = 6 * 1024 * 1024;

    /// <summary>What API Gateway says by itself, of the message as it sends it.</summary>
    private static readonly string[] OfTheMessage = [HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.TransferEncoding, HeaderNames.ContentLength, HeaderNames.Upgrade];

    /// <summary>An HTTP API's.</summary>
    public static byte[] Http(AnswerFeature answer, bool withBody)
    {
        var body = withBody ? answer.Content.Bytes : [];
        var text = body.Length == 0 || IsText(answer.Headers, body);
        var cookies = answer.Headers.SetCookie;
        return Json(new ApiAnswer
        {
            StatusCode = answer.StatusCode,
            Headers = answer.Headers.Where(header => !IsApart(header.Key)).ToDictionary(header => header.Key, Joined),
            Cookies = cookies.Count > 0 ? [.. cookies.OfType<string>()] : null,
            Body = body.Length == 0 ? null : text ? Encoding.UTF8.GetString(body) : Convert.ToBase64String(body),
            IsBase64Encoded = !text,
        });
    }

    /// <summary>A WebSocket API's: what it passes on to a client is the status of a refused handshake, and nothing that is not text.</summary>
    public static byte[] Socket(AnswerFeature answer) => Json(new ApiAnswer
    {
        StatusCode = answer.StatusCode,
        Body = answer.StatusCode >= StatusCodes.Status400BadRequest && Utf8.IsValid(answer.Content.Bytes) ? Encoding.UTF8.GetString(answer.Content.Bytes) : null,
    });

    private static byte[] Json(ApiAnswer answer) => JsonSerializer.SerializeToUtf8Bytes(answer, AnswerJson.Plain.ApiAnswer);

    private static bool IsApart(string header) =>
        header.Equals(HeaderNames.SetCookie, StringComparison.OrdinalIgnoreCase) || OfTheMessage.Contains(header, StringComparer.OrdinalIgnoreCase);

    private static string Joined(KeyValuePair<string, StringValues> header) => string.Join(", ", header.Value.OfType<string>());

    /// <summary>Whether the body can stand in JSON as it is.</summary>
    private static bool IsText(IHeaderDictionary headers, ReadOnlySpan<byte> body) =>
        StringValues.IsNullOrEmpty(headers.ContentEncoding)
        && System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(headers.ContentType, out var type)
        && IsTextType(type.MediaType ?? "")
        && Utf8.IsValid(body);

    private static bool IsTextType(string type) =>
        type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
        || type.EndsWith("json", StringComparison.OrdinalIgnoreCase)
        || type.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
        || type.EndsWith("javascript", StringComparison.OrdinalIgnoreCase);
}
