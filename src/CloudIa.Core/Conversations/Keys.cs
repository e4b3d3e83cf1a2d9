namespace CloudIa.Core.Conversations;

/// <summary>Names a conversation in every store. Without its owner it names nothing.</summary>
public readonly record struct ConversationKey(string Owner, string ConversationId);

/// <summary>Names a job in every store. Without its owner it names nothing.</summary>
public readonly record struct JobKey(string Owner, string JobId);
