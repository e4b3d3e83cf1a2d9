namespace CloudIa.Lambda;

/// <summary>
/// The socket that an event of a WebSocket API is of: a feature of the requests that such events become, and of no other.
/// </summary>
/// <param name="ConnectionId">What API Gateway calls the connection.</param>
/// <param name="Callback">The API's address, below which @connections is.</param>
/// <param name="ConnectedAt">When it was opened.</param>
public sealed record RelayedSocket(string ConnectionId, Uri Callback, DateTimeOffset ConnectedAt);
