namespace CloudIa.Lambda.Runtime;

/// <summary>One call of the function.</summary>
/// <param name="RequestId">Its name, by which it is answered.</param>
/// <param name="Deadline">When Lambda ends it; null where nobody does.</param>
/// <param name="Trace">The X-Ray trace that it belongs to, in the form of the header X-Amzn-Trace-Id; null: none.</param>
/// <param name="Event">The event's JSON.</param>
public sealed record Invocation(string RequestId, DateTimeOffset? Deadline, string? Trace, ReadOnlyMemory<byte> Event);
