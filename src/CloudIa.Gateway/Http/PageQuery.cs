using System.Globalization;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Http;

/// <summary>Which page a request asks for.</summary>
internal static class PageQuery
{
    private const int DefaultLimit = 50;
    private const int MaxLimit = 200;

    /// <summary>Null: the first page.</summary>
    public static string? CursorOf(HttpContext context) =>
        context.Request.Query["cursor"] is [{ Length: > 0 } cursor] ? cursor : null;

    /// <exception cref="RequestRefusedException">It is no number, or out of bounds.</exception>
    /// <param name="context">The request.</param>
    /// <param name="most">The largest limit.</param>
    /// <param name="otherwise">What none means.</param>
    public static int LimitOf(HttpContext context, int most = MaxLimit, int otherwise = DefaultLimit)
    {
        if (context.Request.Query["limit"] is not [{ Length: > 0 } text])
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= 1 && limit <= most
            ? limit
            : throw new RequestRefusedException(ErrorCode.InvalidRequest, $"limit must be between 1 and {most}");
    }
}
