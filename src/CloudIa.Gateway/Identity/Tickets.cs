using System.Collections.Concurrent;
using CloudIa.Core.Conversations;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Identity;

/// <summary>Tickets that open one socket, once, for those who cannot send a header with a handshake.</summary>
public sealed class Tickets(GatewayOptions options, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, (TokenReading Caller, DateTimeOffset Until)> waiting = new();

    /// <summary>A ticket for a caller who has shown a good token.</summary>
    public TicketView Issue(TokenReading caller)
    {
        var now = time.GetUtcNow();
        foreach (var (ticket, (_, until)) in waiting)
        {
            if (until <= now)
            {
                waiting.TryRemove(ticket, out _);
            }
        }

        var issued = Identifiers.NewSecret();
        var expiresAt = now.AddSeconds(options.TicketSeconds);
        waiting[issued] = (caller, expiresAt);
        return new TicketView(issued, expiresAt);
    }

    /// <summary>Takes a ticket: whoever is first has it.</summary>
    public TokenReading Take(string ticket) =>
        waiting.TryRemove(ticket, out var issued) && issued.Until > time.GetUtcNow()
            ? issued.Caller
            : new TokenReading(default, default, ErrorCode.TicketInvalid);
}
