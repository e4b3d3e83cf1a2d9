using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>Anonymous sessions, and tickets for sockets.</summary>
public sealed class SessionEndpoints(Authentication authentication, SessionTokens sessions, Tickets tickets)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/sessions", CreateAsync);
        routes.MapPost("/ws/tickets", IssueTicketAsync);
    }

    private Task CreateAsync(HttpContext context)
    {
        if (!authentication.OriginAllowed(context.Request))
        {
            throw new RequestRefusedException(ErrorCode.OriginForbidden);
        }

        // A page that has a good cookie goes on with its session: its conversations are the session's.
        var known = authentication.Identify(context);
        if (known.Error is null && context.Request.Cookies[Authentication.Cookie] is { } token)
        {
            return WriteAsync(context, new SessionView(known.Caller.SessionId, token, known.ExpiresAt));
        }

        var made = sessions.Create();
        Authentication.SetCookie(context, made);
        return WriteAsync(context, new SessionView(made.Caller.SessionId, made.Token, made.ExpiresAt));
    }

    private Task IssueTicketAsync(HttpContext context)
    {
        var reading = authentication.Identify(context);
        return reading.Error is null
            ? Json.WriteAsync(context, tickets.Issue(reading), ProtocolJson.Wire.TicketView, StatusCodes.Status201Created)
            : throw new RequestRefusedException(reading.Error);
    }

    private static Task WriteAsync(HttpContext context, SessionView session) =>
        Json.WriteAsync(context, session, ProtocolJson.Wire.SessionView, StatusCodes.Status201Created);
}
