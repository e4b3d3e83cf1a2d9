namespace CloudIa.Gateway;

/// <summary>How the service is reached (DESIGN.md sections 8 to 10).</summary>
public sealed class GatewayOptions
{
    /// <summary>Origins besides the service's own whose pages may open sockets and send the cookie: "https://chat.example.com".</summary>
    public IList<string> AllowedOrigins { get; set; } = [];

    /// <summary>The names by which the service may be called; empty: its own on loopback, any elsewhere.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>The largest request body, and the largest message on a socket, in bytes.</summary>
    public int MaxBodyBytes { get; set; } = 131_072;

    /// <summary>How long an anonymous session lives without being refreshed.</summary>
    public int SessionHours { get; set; } = 720;

    /// <summary>How long a ticket opens a socket.</summary>
    public int TicketSeconds { get; set; } = 30;

    /// <summary>How often a socket's client should ping.</summary>
    public int HeartbeatSeconds { get; set; } = 25;

    /// <summary>Between two comments on a silent SSE stream.</summary>
    public int SseHeartbeatSeconds { get; set; } = 15;

    /// <summary>The shortest time between two deltas of one answer on one connection; the first goes at once.</summary>
    public int CoalesceMilliseconds { get; set; } = 50;

    /// <summary>What is wrong with these settings, a line each.</summary>
    public IEnumerable<string> Errors()
    {
        foreach (var origin in AllowedOrigins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri) || uri.GetLeftPart(UriPartial.Authority) != origin)
            {
                yield return $"Gateway:AllowedOrigins holds '{origin}'; an origin is scheme://host or scheme://host:port.";
            }
        }

        if (MaxBodyBytes is < 1024 or > 10_485_760)
        {
            yield return $"Gateway:MaxBodyBytes is {MaxBodyBytes}; it must be between 1024 and 10485760.";
        }

        if (SessionHours is < 1 or > 8760)
        {
            yield return $"Gateway:SessionHours is {SessionHours}; it must be between 1 and 8760.";
        }

        if (TicketSeconds is < 1 or > 300)
        {
            yield return $"Gateway:TicketSeconds is {TicketSeconds}; it must be between 1 and 300.";
        }

        if (HeartbeatSeconds is < 1 or > 300 || SseHeartbeatSeconds is < 1 or > 300)
        {
            yield return $"Gateway:HeartbeatSeconds ({HeartbeatSeconds}) and Gateway:SseHeartbeatSeconds ({SseHeartbeatSeconds}) must be between 1 and 300.";
        }

        if (CoalesceMilliseconds is < 0 or > 1000)
        {
            yield return $"Gateway:CoalesceMilliseconds is {CoalesceMilliseconds}; it must be between 0 and 1000.";
        }
    }
}
