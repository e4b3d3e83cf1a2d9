namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>A message of the queue as no gateway would write it.</summary>
/// <param name="JobId">Stands beside the body, and so do the next two.</param>
/// <param name="Owner">Empty: it has none.</param>
/// <param name="ConversationId">Empty: it has none.</param>
/// <param name="Body">Anything. SQS takes no control characters: there they are left out.</param>
internal sealed record RawMessage(string JobId, string Owner, string ConversationId, string Body);
