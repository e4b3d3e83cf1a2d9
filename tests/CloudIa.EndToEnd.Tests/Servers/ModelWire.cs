using System.Text.Json.Nodes;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>A provider's words: what its requests hold, and what its events and errors look like.</summary>
internal abstract class ModelWire
{
    /// <summary>Where it is asked for an answer.</summary>
    public abstract string Path { get; }

    /// <summary>What comes before the first piece of text.</summary>
    public abstract string Opening { get; }

    /// <summary>The finish reason and what follows it.</summary>
    public abstract string Closing { get; }

    /// <summary>An error in the midst of a stream.</summary>
    public abstract string Overloaded { get; }

    /// <summary>The body of an answer that is an error by its status.</summary>
    public abstract string ErrorBody { get; }

    public abstract string Piece(string text);

    /// <summary>The system's part of a request.</summary>
    public abstract string System(JsonNode body);

    /// <summary>All else of its prompt.</summary>
    public abstract IReadOnlyList<PromptMessage> Prompt(JsonNode body);

    protected static PromptMessage Message(JsonNode message) => new((string)message["role"]!, Text(message["content"]));

    // Both wires allow a content to be one text or a list of parts.
    protected static string Text(JsonNode? content) => content is JsonArray parts
        ? string.Concat(parts.Select(part => (string?)part!["text"]))
        : (string?)content ?? "";
}
