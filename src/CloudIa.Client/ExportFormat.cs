namespace CloudIa.Client;

/// <summary>How a conversation is written down.</summary>
public enum ExportFormat
{
    /// <summary>To be read by people.</summary>
    Markdown,

    /// <summary>A <see cref="Protocol.ConversationExport"/>: everything, with all versions of the answers.</summary>
    Json,
}
