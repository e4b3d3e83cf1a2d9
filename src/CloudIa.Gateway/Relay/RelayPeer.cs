namespace CloudIa.Gateway.Relay;

/// <summary>Which connection of another machine a request is about; it is that machine's word, never a client's.</summary>
/// <param name="Id">The machine's name for it.</param>
/// <param name="Callback">Where the machine takes what is for it.</param>
/// <param name="OpenedAt">When its handshake was.</param>
public sealed record RelayPeer(string Id, Uri Callback, DateTimeOffset OpenedAt);
