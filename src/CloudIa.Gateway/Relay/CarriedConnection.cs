using CloudIa.Core.Delivery;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Relay;

/// <summary>
/// One socket that another machine holds, as its courier carries it: the same feed and the same pump as for a socket of
/// our own. It ends with its session, with its client, or with its courier.
/// </summary>
internal sealed class CarriedConnection(CourierServices services, RelayedConnection connection, OwnerFeed feed)
    : ClientConnection(services.Connections, null, feed, connection.ExpiresAt), IDisposable
{
    /// <summary>Longer than API Gateway keeps any socket (2 h); one whose end was not heard of is forgotten then.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(125);

    private static readonly TimeSpan RefusalTakes = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource given = new();

    /// <summary>As the registry is to know it.</summary>
    public RelayedConnection Connection => connection with { ExpiresAt = ExpiresAt };

    /// <summary>A machine that is asked for less is waited for longer than a client that does not read: cutting its sockets would ask it for more.</summary>
    protected override int PatienceSeconds => services.Options.RelayPatienceSeconds;

    public void Dispose() => given.Dispose();

    /// <summary>Carries it until it ends; where its owner has too many, its client is told and it is cut.</summary>
    public async Task RunAsync()
    {
        try
        {
            services.Connections.Add(this);
        }
        catch (RequestRefusedException refused)
        {
            await RefuseAsync(refused);
            return;
        }

        var cut = true;
        try
        {
            cut = await CarryAsync();
        }
        finally
        {
            End(Ending.Left);
            services.Connections.Remove(this);
            Feed.Dispose();
            await services.LetGoAsync(connection, cut);
        }
    }

    /// <summary>True where its client may still be there, and is to come back.</summary>
    private async Task<bool> CarryAsync()
    {
        try
        {
            using var registration = services.Pump.Bus.Register(connection.ConnectionId, new LiveConnection(Owner, connection.SessionId, Anonymous: true));
            var sink = new RelaySink(services.Post, connection, services.Time, given.Token, this);
            await sink.SendAsync(Greeting(), Position.Start);
            await new AnswerPump(services.Pump, Feed, sink, connection.SessionId, connection.TraceId).RunAsync();
            return Ending != Ending.Left;
        }
        catch (ConnectionGoneException gone)
        {
            return gone.Outcome != PostOutcome.Gone;
        }
        catch (Exception lost) when (lost is OperationCanceledException or IOException)
        {
            // Given up, or a text was voided on its way.
            return true;
        }
    }

    private async Task RefuseAsync(RequestRefusedException refused)
    {
        Feed.Dispose();
        using var soon = new CancellationTokenSource(RefusalTakes, services.Time);
        try
        {
            var error = new ErrorEvent
            {
                SessionId = connection.SessionId,
                TraceId = connection.TraceId,
                Timestamp = services.Time.GetUtcNow(),
                Code = refused.Code,
                Details = refused.Details,
                Final = true,
            };
            await new RelaySink(services.Post, connection, services.Time, soon.Token).SendAsync(error, Position.Start);
        }
        catch (Exception lost) when (lost is OperationCanceledException or IOException)
        {
            // It is cut all the same.
        }

        await services.LetGoAsync(connection, cut: true);
    }

    /// <summary>Does what its client's frame asked of its courier.</summary>
    public void Take(RelayAsk ask)
    {
        Heard();
        foreach (var point in ask.Resume ?? [])
        {
            Feed.Resume(point.JobId, new Position(point.Attempt, point.Offset));
        }

        if (ask.ExpiresAt is { } until)
        {
            Extend(until);
        }

        if (ask.Closed)
        {
            End(Ending.Left);
        }
    }

    protected override void Abort()
    {
        try
        {
            given.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended while it was looked at.
        }
    }

    protected override void Watch(int now)
    {
        if (services.Time.GetUtcNow() - connection.OpenedAt > LongestLife)
        {
            End(Ending.Left);
        }
    }

    protected override void Warn() => Feed.Announce(null, new SessionExpiring
    {
        SessionId = connection.SessionId,
        TraceId = connection.TraceId,
        Timestamp = services.Time.GetUtcNow(),
        ExpiresAt = ExpiresAt,
    });

    private Connected Greeting() => new()
    {
        ConnectionId = connection.ConnectionId,
        SessionId = connection.SessionId,
        SessionToken = connection.MadeSession ? services.Sessions.Renew(new(Owner, connection.SessionId)).Token : null,
        TraceId = connection.TraceId,
        Timestamp = services.Time.GetUtcNow(),
        ExpiresAt = connection.ExpiresAt,
        HeartbeatSeconds = services.Options.HeartbeatSeconds,
    };
}
