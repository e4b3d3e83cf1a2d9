using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Identity;

/// <summary>Finds out who asks, from a bearer token or from the page's own cookie.</summary>
public sealed class Authentication(SessionTokens tokens, GatewayOptions options)
{
    public const string Cookie = "cloudia_session";

    private const string Scheme = "Bearer ";

    /// <summary>The caller; or the error token_missing, token_invalid, token_expired or origin_forbidden.</summary>
    public TokenReading Identify(HttpContext context)
    {
        string? header = context.Request.Headers.Authorization;
        if (header is { Length: > 0 })
        {
            return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                ? tokens.Read(header[Scheme.Length..].Trim())
                : new TokenReading(default, default, ErrorCode.TokenInvalid);
        }

        if (context.Request.Cookies[Cookie] is not { Length: > 0 } cookie)
        {
            return new TokenReading(default, default, ErrorCode.TokenMissing);
        }

        // A browser adds the cookie by itself, whoever wrote the page: only our own pages may use it.
        return OriginAllowed(context.Request) ? tokens.Read(cookie) : new TokenReading(default, default, ErrorCode.OriginForbidden);
    }

    /// <summary>The caller of a request that needs one.</summary>
    /// <exception cref="RequestRefusedException">Nobody whom the service knows.</exception>
    public Caller CallerOf(HttpContext context)
    {
        var reading = Identify(context);
        return reading.Error is null ? reading.Caller : throw new RequestRefusedException(reading.Error);
    }

    /// <summary>The conversation of a request's path, as the caller's.</summary>
    /// <exception cref="RequestRefusedException">Nobody whom the service knows, or a name that nothing has.</exception>
    public ConversationKey ConversationOf(HttpContext context) => new(CallerOf(context).Owner, NameOf(context, "conversationId"));

    /// <summary>The job of a request's path, as the caller's.</summary>
    /// <exception cref="RequestRefusedException">Nobody whom the service knows, or a name that nothing has.</exception>
    public JobKey JobOf(HttpContext context) => new(CallerOf(context).Owner, NameOf(context, "jobId"));

    /// <summary>Whether the request is of our own page, of an allowed one, or of no page at all.</summary>
    public bool OriginAllowed(HttpRequest request)
    {
        string? origin = request.Headers.Origin;
        if (origin is { Length: > 0 })
        {
            return options.AllowedOrigins.Contains(origin)
                || (Uri.TryCreate(origin, UriKind.Absolute, out var page)
                    && Uri.TryCreate($"{request.Scheme}://{request.Host}", UriKind.Absolute, out var self)
                    && page.Authority == self.Authority);
        }

        string? site = request.Headers["Sec-Fetch-Site"];
        return site is null or "same-origin" or "none";
    }

    /// <summary>Gives a browser the session as a cookie that its scripts cannot read.</summary>
    public static void SetCookie(HttpContext context, NewSession session) =>
        context.Response.Cookies.Append(Cookie, session.Token, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps,
            Path = "/",
            Expires = session.ExpiresAt,
        });

    private static string NameOf(HttpContext context, string route) =>
        (string)context.Request.RouteValues[route]! is { Length: <= Identifiers.MaxLength } name ? name : throw new RequestRefusedException(ErrorCode.NotFound);
}
