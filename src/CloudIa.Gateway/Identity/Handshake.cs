using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Identity;

/// <summary>Who opens a socket: by a ticket, a token or the page's cookie; else an anonymous session is made.</summary>
public sealed class Handshake(Authentication authentication, Tickets tickets, SessionTokens sessions, GatewayOptions options, TimeProvider time)
{
    /// <summary>What a handshake shows; token_missing where it shows nothing.</summary>
    /// <exception cref="RequestRefusedException">Of an origin that may not.</exception>
    public ValueTask<TokenReading> ReadAsync(HttpContext context)
    {
        if (!authentication.OriginAllowed(context.Request))
        {
            throw new RequestRefusedException(ErrorCode.OriginForbidden);
        }

        return context.Request.Query["ticket"] is [{ Length: > 0 } ticket]
            ? tickets.TakeAsync(ticket, context.RequestAborted)
            : ValueTask.FromResult(authentication.Identify(context));
    }

    /// <summary>The first thing that the client is told.</summary>
    /// <exception cref="RequestRefusedException">What it showed is not good.</exception>
    public Connected Greet(HttpContext context, TokenReading reading, out Caller caller)
    {
        (caller, var expiresAt, var made) = CallerOf(reading);
        return new Connected
        {
            ConnectionId = Identifiers.NewSecret(),
            SessionId = caller.SessionId,
            SessionToken = made?.Token,
            TraceId = Problems.TraceIdOf(context),
            Timestamp = time.GetUtcNow(),
            ExpiresAt = expiresAt,
            HeartbeatSeconds = options.HeartbeatSeconds,
        };
    }

    private (Caller Caller, DateTimeOffset ExpiresAt, NewSession? Made) CallerOf(TokenReading reading)
    {
        if (reading.Error is null)
        {
            return (reading.Caller, reading.ExpiresAt, null);
        }

        if (reading.Error != ErrorCode.TokenMissing)
        {
            throw new RequestRefusedException(reading.Error);
        }

        var made = sessions.Create();
        return (made.Caller, made.ExpiresAt, made);
    }
}
