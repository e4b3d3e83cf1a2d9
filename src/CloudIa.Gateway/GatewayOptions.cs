namespace CloudIa.Gateway;

/// <summary>How the service is reached (DESIGN.md sections 8 to 10).</summary>
public sealed class GatewayOptions
{
    /// <summary>Origins besides the service's own whose pages may open sockets and send the cookie: "https://chat.example.com".</summary>
    public IList<string> AllowedOrigins { get; set; } = [];

    /// <summary>The names by which the service may be called; empty: its own on loopback, any elsewhere.</summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>What administrators show; nothing: one is made once, kept with the data and printed at the start.</summary>
    public string? AdminToken { get; set; }

    /// <summary>What signs sessions, the same on every node; nothing: one is made once and kept with the data.</summary>
    public string? SigningKey { get; set; }

    /// <summary>Whether the admin calls are served to other machines, too, or behind a proxy.</summary>
    public bool AdminFromAnywhere { get; set; }

    /// <summary>The largest request body, and the largest message on a socket, in bytes.</summary>
    public int MaxBodyBytes { get; set; } = 131_072;

    /// <summary>How long an anonymous session lives without being refreshed; parts of an hour too.</summary>
    public double SessionHours { get; set; } = 720;

    /// <summary>How long before its end a session's sockets are told; at most half of what is left when they open.</summary>
    public int SessionWarningSeconds { get; set; } = 300;

    /// <summary>How long a ticket opens a socket.</summary>
    public int TicketSeconds { get; set; } = 30;

    /// <summary>How often a socket's client should ping.</summary>
    public int HeartbeatSeconds { get; set; } = 25;

    /// <summary>A socket on which nothing came or went for so long, and no answer is under way, is closed; 0: never.</summary>
    public int IdleSeconds { get; set; } = 120;

    /// <summary>Sockets and event streams that an owner may have open at once.</summary>
    public int MaxConnectionsPerOwner { get; set; } = 20;

    /// <summary>
    /// What the service buffers for one connection whose client does not read, in bytes, and what the kernel is asked to.
    /// </summary>
    public int MaxBufferedBytes { get; set; } = 65_536;

    /// <summary>
    /// The transport's share of <see cref="MaxBufferedBytes"/>. The rest is 16 KiB of ended answers that wait in a feed,
    /// three pieces of 8 KiB (one of an event's JSON, its frame, and one that the transport takes above its share) and
    /// 8 KiB of short events. A long text whose send waits is not kept.
    /// </summary>
    public int TransportBytes => MaxBufferedBytes - 49_152;

    /// <summary>
    /// Bytes that wait in the kernel because a client's side has no room for them, beyond which it takes no more (on Linux;
    /// it looks before each of its segments).
    /// </summary>
    public int MaxUnsentBytes => MaxBufferedBytes / 8;

    /// <summary>A client that takes nothing of what is sent to it for so long is cut off.</summary>
    public int SlowReaderSeconds { get; set; } = 10;

    /// <summary>Between two comments on a silent SSE stream.</summary>
    public int SseHeartbeatSeconds { get; set; } = 15;

    /// <summary>The shortest time between two deltas of one answer on one connection; the first goes at once.</summary>
    public int CoalesceMilliseconds { get; set; } = 50;

    /// <summary>
    /// The same once an answer streams steadily, after its first deltas: eight frames a second and not twenty, which is
    /// 0.14 a token at 60 tokens a second (docs/adr/0004).
    /// </summary>
    public int SteadyCoalesceMilliseconds { get; set; } = 125;

    /// <summary>The same on a socket that API Gateway holds, where each delta is a call (DESIGN.md section 4, step 7).</summary>
    public int RelayCoalesceMilliseconds { get; set; } = 100;

    /// <summary>How long API Gateway may take nothing for one of its sockets before that is cut; meanwhile the text grows and goes in one piece.</summary>
    public int RelayPatienceSeconds { get; set; } = 60;

    /// <summary>
    /// Seconds between the word that a process is not ready any more and its end, in which it serves as before; nothing: what
    /// its role needs.
    /// </summary>
    public double? GraceSeconds { get; set; }

    /// <summary>The same as it is used.</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(GraceSeconds ?? 0);

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

        if (AdminToken is { Length: > 0 } token && (token.Length is < Identity.AdminToken.Shortest or > Identity.AdminToken.Longest || token.Any(c => c is <= ' ' or > '~')))
        {
            // Not the token itself: this is printed.
            yield return $"Gateway:AdminToken must have {Identity.AdminToken.Shortest} to {Identity.AdminToken.Longest} characters, all of ASCII, without spaces.";
        }

        if (SigningKey is { Length: > 0 and < Identity.SigningKey.Length })
        {
            yield return $"Gateway:SigningKey must have at least {Identity.SigningKey.Length} characters.";
        }

        if (MaxBodyBytes is < 1024 or > 10_485_760)
        {
            yield return $"Gateway:MaxBodyBytes is {MaxBodyBytes}; it must be between 1024 and 10485760.";
        }

        if (SessionHours is not (>= 0.001 and <= 8760))
        {
            yield return $"Gateway:SessionHours is {SessionHours}; it must be between 0.001 and 8760.";
        }

        if (SessionWarningSeconds is < 1 or > 86_400)
        {
            yield return $"Gateway:SessionWarningSeconds is {SessionWarningSeconds}; it must be between 1 and 86400.";
        }

        if (TicketSeconds is < 1 or > 300)
        {
            yield return $"Gateway:TicketSeconds is {TicketSeconds}; it must be between 1 and 300.";
        }

        if (HeartbeatSeconds is < 1 or > 300 || SseHeartbeatSeconds is < 1 or > 300)
        {
            yield return $"Gateway:HeartbeatSeconds ({HeartbeatSeconds}) and Gateway:SseHeartbeatSeconds ({SseHeartbeatSeconds}) must be between 1 and 300.";
        }

        if (IdleSeconds != 0 && (IdleSeconds > 86_400 || IdleSeconds <= 2 * HeartbeatSeconds))
        {
            yield return $"Gateway:IdleSeconds is {IdleSeconds}; it must be 0 (never), or more than twice Gateway:HeartbeatSeconds ({HeartbeatSeconds}) and at most 86400.";
        }

        if (MaxConnectionsPerOwner is < 1 or > 1_000_000)
        {
            yield return $"Gateway:MaxConnectionsPerOwner is {MaxConnectionsPerOwner}; it must be between 1 and 1000000.";
        }

        if (MaxBufferedBytes is < 57_344 or > 16_777_216)
        {
            yield return $"Gateway:MaxBufferedBytes is {MaxBufferedBytes}; it must be between 57344 and 16777216.";
        }

        if (SlowReaderSeconds is < 1 or > 600)
        {
            yield return $"Gateway:SlowReaderSeconds is {SlowReaderSeconds}; it must be between 1 and 600.";
        }

        if (RelayCoalesceMilliseconds is < 0 or > 1000)
        {
            yield return $"Gateway:RelayCoalesceMilliseconds is {RelayCoalesceMilliseconds}; it must be between 0 and 1000.";
        }

        if (GraceSeconds is not (null or (>= 0 and <= 6)))
        {
            yield return $"Gateway:GraceSeconds is {GraceSeconds}; it must be between 0 and 6, so that a process ends within 10 s.";
        }

        if (RelayPatienceSeconds is < 1 or > 600)
        {
            yield return $"Gateway:RelayPatienceSeconds is {RelayPatienceSeconds}; it must be between 1 and 600.";
        }

        if (CoalesceMilliseconds is < 0 or > 1000)
        {
            yield return $"Gateway:CoalesceMilliseconds is {CoalesceMilliseconds}; it must be between 0 and 1000.";
        }
        else if (SteadyCoalesceMilliseconds < CoalesceMilliseconds || SteadyCoalesceMilliseconds > 1000)
        {
            yield return $"Gateway:SteadyCoalesceMilliseconds is {SteadyCoalesceMilliseconds}; it must be between Gateway:CoalesceMilliseconds ({CoalesceMilliseconds}) and 1000.";
        }
    }
}
