namespace CloudIa.Lambda.Events;

/// <summary>The function was called with something that is no request. The message never has the event's own text.</summary>
public sealed class MalformedEventException(string message, Exception? inner = null) : Exception(message, inner);
