using CloudIa.Protocol;

namespace CloudIa.Core.Delivery.Relay;

/// <summary>What a frame, taken by whichever process, asks of the courier that carries its connection.</summary>
/// <param name="Id">The connection.</param>
/// <param name="Resume">Answers to go on with.</param>
/// <param name="ExpiresAt">The session's new end.</param>
/// <param name="Closed">Its client left.</param>
public sealed record RelayAsk(string Id, IReadOnlyList<ResumePoint>? Resume = null, DateTimeOffset? ExpiresAt = null, bool Closed = false);

/// <summary>What is known of a connection.</summary>
/// <param name="Answered">False where nobody can say.</param>
/// <param name="Connection">Null where there is none.</param>
/// <param name="Carried">Whether a courier follows its owner: from then on no word to it is lost.</param>
public readonly record struct RelayFinding(bool Answered, RelayedConnection? Connection, bool Carried);

/// <summary>What there is for a courier to do.</summary>
/// <param name="Known">False where the registry did not know the courier any more: it should <see cref="IRelayRegistry.RenewAsync"/> all that it carries.</param>
/// <param name="Taken">Connections that are its own from now on.</param>
/// <param name="Orphans">Connections of couriers that died, which are forgotten by this: to be cut, so that their clients come back.</param>
/// <param name="Asks">Of connections that it carries, those taken now among them.</param>
public sealed record CourierRound(bool Known, IReadOnlyList<RelayedConnection> Taken, IReadOnlyList<RelayedConnection> Orphans, IReadOnlyList<RelayAsk> Asks);
