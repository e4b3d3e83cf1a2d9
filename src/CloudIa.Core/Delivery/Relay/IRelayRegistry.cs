namespace CloudIa.Core.Delivery.Relay;

/// <summary>
/// Which relayed connections there are, and which courier carries each: the process that follows its owner and posts what
/// it hears. A connection has one courier, and never another: where its courier dies it is cut, and its client comes back
/// with its positions, as after a gateway's death.
/// <para>Nothing here is the truth: all of it may vanish. A courier knows what it carries, and says it again.</para>
/// <para>Errors: none. With the engine away, answers are null or false; nothing else changes.</para>
/// </summary>
public interface IRelayRegistry
{
    /// <summary>Notes a connection, for a courier to take. False: it was not noted.</summary>
    ValueTask<bool> OpenAsync(RelayedConnection connection, CancellationToken cancellation);

    /// <summary>A connection that is noted.</summary>
    ValueTask<RelayFinding> FindAsync(string id, CancellationToken cancellation);

    /// <summary>Asks something of a connection's courier, or of the one that will take it. False: there is no such connection, or nobody can say.</summary>
    ValueTask<bool> AskAsync(RelayAsk ask, CancellationToken cancellation);

    /// <summary>
    /// Says that this courier lives, and takes what there is for it. Null where the engine is away; what it gave then
    /// and was not heard, the next round has again.
    /// </summary>
    /// <param name="most">Connections to take at most.</param>
    /// <param name="cancellation">Gives up.</param>
    ValueTask<CourierRound?> RoundAsync(int most, CancellationToken cancellation);

    /// <summary>Returns when there may be something for this courier, or after a time.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ValueTask WaitAsync(TimeSpan longest, CancellationToken cancellation);

    /// <summary>Says what this courier carries, and follows the owners of. What nobody says for 90 s is forgotten. False: not all of it was noted.</summary>
    ValueTask<bool> RenewAsync(IReadOnlyCollection<RelayedConnection> carried, CancellationToken cancellation);

    /// <summary>A connection of this courier's has ended.</summary>
    ValueTask ForgetAsync(string id);
}
