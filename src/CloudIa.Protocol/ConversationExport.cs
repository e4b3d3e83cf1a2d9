namespace CloudIa.Protocol;

/// <summary><c>GET /conversations/{id}/export?format=json</c>: a whole conversation, its turns oldest first.</summary>
public sealed record ConversationExport
{
    public required ConversationView Conversation { get; init; }

    public required DateTimeOffset ExportedAt { get; init; }

    public required IReadOnlyList<ExportedTurn> Turns { get; init; }
}

/// <summary>A turn with all of its answers, the oldest first; the current one is the newest that has text, or the newest of all.</summary>
public sealed record ExportedTurn
{
    public required int Turn { get; init; }

    public required MessageView User { get; init; }

    public required IReadOnlyList<MessageView> Answers { get; init; }
}
