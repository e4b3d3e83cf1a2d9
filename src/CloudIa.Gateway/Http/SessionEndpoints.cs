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

        // Who has good credentials goes on with the same session, whose conversations these are. Who shows a bad token by
        // its own hand is told so, instead of becoming somebody else; a browser sends an old cookie without being asked.
        var known = authentication.Identify(context);
        if (known.Error is not null && context.Request.Headers.Authorization.Count > 0)
        {
            throw new RequestRefusedException(known.Error);
        }

        var made = known.Error is null ? sessions.Renew(known.Caller) : sessions.Create();
        Authentication.SetCookie(context, made);
        return Json.WriteAsync(
            context, new SessionView(made.Caller.SessionId, made.Token, made.ExpiresAt), ProtocolJson.Wire.SessionView, StatusCodes.Status201Created);
    }

    private Task IssueTicketAsync(HttpContext context)
    {
        var reading = authentication.Identify(context);
        return reading.Error is null
            ? Json.WriteAsync(context, tickets.Issue(reading), ProtocolJson.Wire.TicketView, StatusCodes.Status201Created)
            : throw new RequestRefusedException(reading.Error);
    }
}
