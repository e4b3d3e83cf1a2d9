using System.Net.Sockets;
using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Connections;

/// <summary>
/// One open connection as the registry watches it: a socket, an event stream, or a socket that another machine holds. Times are the registry's ticks, whole
/// seconds, so that watching ten thousand of them costs a walk over a list and nothing a connection allocates.
/// </summary>
/// <param name="registry">The registry.</param>
/// <param name="transport">Of the connection's request: not the context itself, which is another's once this one is over.</param>
/// <param name="feed">What it is sent.</param>
/// <param name="expiresAt">When the session ends.</param>
internal abstract class ClientConnection(ConnectionRegistry registry, IConnectionLifetimeFeature? transport, OwnerFeed feed, DateTimeOffset expiresAt)
{
    /// <summary>How long an ending may take before the transport is cut.</summary>
    private const int GraceSeconds = 2;

    /// <summary>IPPROTO_TCP and TCP_NOTSENT_LOWAT of Linux's headers.</summary>
    private const int LinuxTcp = 6;
    private const int LinuxTcpNotSentLowAt = 25;

    private int ending;
    private int endedAt;
    private volatile int blockedAt = -1;
    private volatile int activeAt = registry.Now;
    private long expiresAt = expiresAt.ToUnixTimeSeconds();
    private int warnBefore = WarnBefore(registry, expiresAt);

    /// <summary>Where the registry keeps it.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Whose it is.</summary>
    public string Owner => Feed.Owner;

    /// <summary>What it is sent.</summary>
    public OwnerFeed Feed => feed;

    /// <summary>Why it ends; None while it does not.</summary>
    public Ending Ending => (Ending)Volatile.Read(ref ending);

    /// <summary>When the last frame came or went.</summary>
    protected int ActiveAt => activeAt;

    protected ConnectionRegistry Registry => registry;

    /// <summary>How long a send may make no progress.</summary>
    protected virtual int PatienceSeconds => registry.Options.SlowReaderSeconds;

    /// <summary>When the session ends.</summary>
    protected DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(Volatile.Read(ref expiresAt));

    /// <summary>Ends the connection; the first reason stands. Where that takes too long, the registry cuts it.</summary>
    public void End(Ending reason)
    {
        // An overrun feed closes by itself, and its pump may leave before the registry has looked.
        reason = reason == Ending.Left && feed.Overrun ? Ending.SlowReader : reason;
        if (Ending == Ending.None)
        {
            endedAt = registry.Now;
        }

        Interlocked.CompareExchange(ref ending, (int)reason, (int)Ending.None);
        feed.Close();
    }

    /// <summary>A send waits for its client.</summary>
    public void Blocked() => blockedAt = registry.Now;

    /// <summary>A send has gone, all of it or as much as makes room.</summary>
    public void Progressed()
    {
        blockedAt = -1;
        activeAt = registry.Now;
    }

    /// <summary>Something came from the client.</summary>
    public void Heard() => activeAt = registry.Now;

    /// <summary>Waits for a send that makes no progress under the registry's eyes.</summary>
    public async ValueTask WatchedAsync(ValueTask send)
    {
        Blocked();
        try
        {
            await send;
        }
        finally
        {
            Progressed();
        }
    }

    /// <summary>In the middle of a long event: a connection that ends does not wait for the rest of it.</summary>
    /// <exception cref="OperationCanceledException">It ends.</exception>
    public void ThrowIfEnding()
    {
        if (Ending != Ending.None)
        {
            throw new OperationCanceledException();
        }
    }

    /// <summary>
    /// What the kernel keeps for a client that does not read is bounded as well: all of it, and on Linux also what it has
    /// not begun to send, which is what gathers where a client's own buffer is full.
    /// </summary>
    public void BoundSends(HttpContext context)
    {
        if (context.Features.Get<IConnectionSocketFeature>()?.Socket is { } socket)
        {
            socket.SendBufferSize = registry.Options.MaxBufferedBytes;
            BoundUnsent(socket);
        }
    }

    /// <summary>The registry's look at it, once a tick.</summary>
    /// <param name="now">The tick.</param>
    /// <param name="unixNow">The clock, in seconds.</param>
    public void Check(int now, long unixNow)
    {
        if (Ending != Ending.None)
        {
            if (now - endedAt > GraceSeconds)
            {
                Abort();
            }

            return;
        }

        var blocked = blockedAt;
        if (feed.Overrun || (blocked >= 0 && now - blocked > PatienceSeconds))
        {
            End(Ending.SlowReader);
            return;
        }

        var end = Volatile.Read(ref expiresAt);
        if (unixNow >= end)
        {
            End(Ending.SessionExpired);
        }
        else
        {
            if (warnBefore > 0 && unixNow >= end - warnBefore)
            {
                warnBefore = 0;
                Warn();
            }

            Watch(now);
        }
    }

    private void BoundUnsent(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.ProtocolType != ProtocolType.Tcp)
        {
            return;
        }

        try
        {
            socket.SetRawSocketOption(LinuxTcp, LinuxTcpNotSentLowAt, BitConverter.GetBytes(registry.Options.MaxUnsentBytes));
        }
        catch (SocketException)
        {
            // A kernel without it: then the send buffer's bound is all there is.
        }
    }

    /// <summary>The session goes on until another time.</summary>
    protected void Extend(DateTimeOffset until)
    {
        warnBefore = WarnBefore(registry, until);
        Volatile.Write(ref expiresAt, until.ToUnixTimeSeconds());
    }

    /// <summary>Its ending takes too long.</summary>
    protected virtual void Abort() => transport?.Abort();

    /// <summary>What else there is to look at.</summary>
    protected abstract void Watch(int now);

    /// <summary>The session ends soon.</summary>
    protected virtual void Warn()
    {
    }

    // As configured, but no more than half of what is left: a short session is not warned of at once.
    private static int WarnBefore(ConnectionRegistry registry, DateTimeOffset end) => (int)Math.Clamp(
        (end - registry.Time.GetUtcNow()).TotalSeconds / 2, 1, registry.Options.SessionWarningSeconds);
}
