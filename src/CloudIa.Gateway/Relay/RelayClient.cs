using CloudIa.Core.Delivery.Relay;
using CloudIa.Core.Intake;
using CloudIa.Gateway.Connections;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Relay;

/// <summary>The sender of one frame. What it asks of its connection's courier, and what it is to be told, is collected.</summary>
internal sealed class RelayClient(RelayedConnection connection) : IClient
{
    private readonly List<ServerEvent> said = [];
    private readonly List<ResumePoint> resumed = [];
    private DateTimeOffset? expiresAt;

    public Caller Caller => new(connection.Owner, connection.SessionId);

    public string TraceId => connection.TraceId;

    public IReadOnlyList<ServerEvent> Said => said;

    /// <summary>For the courier; null where there is nothing.</summary>
    public RelayAsk? Asks => resumed.Count > 0 || expiresAt is not null ? new RelayAsk(connection.Id, resumed, expiresAt) : null;

    public void Say(string? jobId, ServerEvent said)
    {
        // An answer is the courier's to tell: it is the only one who knows what the client was sent of it.
        if (said is MessageCompleted or MessageStopped && jobId is not null)
        {
            resumed.Add(new ResumePoint(jobId, 0, 0));
        }
        else
        {
            this.said.Add(said);
        }
    }

    public void Resume(ResumePoint point) => resumed.Add(point);

    public void Extend(DateTimeOffset until) => expiresAt = until;
}
