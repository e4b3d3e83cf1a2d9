using CloudIa.Core.Conversations;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Http;

/// <summary>Conversations as clients read them.</summary>
internal static class ConversationViews
{
    public static ConversationView Of(Conversation conversation) => new()
    {
        ConversationId = conversation.ConversationId,
        Title = conversation.Title,
        CreatedAt = conversation.CreatedAt,
        UpdatedAt = conversation.UpdatedAt,
        Turns = conversation.Turns,
        SystemPrompt = conversation.SystemPrompt,
        ForkedFrom = conversation.ForkedFrom is { } from ? new ForkView(from.ConversationId, from.Turn) : null,
    };
}
