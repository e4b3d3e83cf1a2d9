namespace CloudIa.Core.Delivery.Relay;

/// <summary>
/// What the machine that holds relayed connections takes from us. Posts of one connection are not to overlap: the machine
/// keeps no order between calls.
/// <para>Errors: none but cancellation; an outcome says what became of a call. After <see cref="PostOutcome.Failed"/> the
/// client may have the message all the same.</para>
/// </summary>
public interface IRelayPost
{
    /// <summary>Sends one text message to a connection's client.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ValueTask<PostOutcome> PostAsync(RelayedConnection connection, ReadOnlyMemory<byte> message, CancellationToken cancellation);

    /// <summary>Closes a connection.</summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ValueTask<PostOutcome> CutAsync(RelayedConnection connection, CancellationToken cancellation);
}

/// <summary>What became of a post.</summary>
public enum PostOutcome
{
    /// <summary>The machine has it.</summary>
    Taken,

    /// <summary>There is no such connection: not yet, or no more.</summary>
    Gone,

    /// <summary>Too many calls, or the client does not read: later.</summary>
    Busy,

    /// <summary>More than the machine takes in one message.</summary>
    TooLarge,

    /// <summary>The machine broke, refused, or was not heard: later, maybe.</summary>
    Failed,
}
