using System.Text;
using System.Text.Json.Nodes;

namespace CloudIa.Tests.Models;

/// <summary>
/// A provider's stream as its bytes came, and what they say when they are read whole: the measure of whoever reads
/// them in parts.
/// </summary>
internal sealed class RecordedStream
{
    private readonly List<(int End, int Length)> texts = [];

    /// <param name="provider">Whose wire it is.</param>
    /// <param name="recording">Its events, with a blank line between two.</param>
    /// <param name="newline">LF or CRLF: the standard allows both.</param>
    public RecordedStream(string provider, string recording, string newline)
    {
        Provider = provider;
        var bytes = new List<byte>();
        foreach (var block in recording.Split("\n\n"))
        {
            bytes.AddRange(Encoding.UTF8.GetBytes($"{block}\n\n".Replace("\n", newline, StringComparison.Ordinal)));
            if (Data(block) is not { } data)
            {
                continue;
            }

            var (said, ends) = provider == "openai" ? OfOpenAi(data) : OfAnthropic(data);
            Text += said;
            if (said.Length > 0)
            {
                texts.Add((bytes.Count, Text.Length));
            }

            if (ends)
            {
                // Before the blank line that ends the event: all that it says is there.
                (Said, Ended) = (bytes.Count - (2 * newline.Length), bytes.Count);
            }
        }

        Bytes = bytes.ToArray();
    }

    private RecordedStream(string provider, byte[] bytes) => (Provider, Bytes) = (provider, bytes);

    public string Provider { get; }

    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The whole answer.</summary>
    public string Text { get; } = "";

    /// <summary>Bytes of which nothing is known.</summary>
    public static RecordedStream Unread(string provider, string body) => new(provider, Encoding.UTF8.GetBytes(body));

    /// <summary>How many bytes there are up to the last one of the finish reason's own line.</summary>
    public int Said { get; }

    /// <summary>How many bytes there are up to the end of the event that has the finish reason.</summary>
    public int Ended { get; }

    /// <summary>The length of the text in those events that are whole after so many bytes.</summary>
    public int TextIn(int bytes) => texts.LastOrDefault(text => text.End <= bytes).Length;

    private static JsonNode? Data(string block)
    {
        var data = block.Split('\n').FirstOrDefault(line => line.StartsWith("data:", StringComparison.Ordinal))?["data:".Length..];
        return data is null || data.EndsWith("[DONE]", StringComparison.Ordinal) ? null : JsonNode.Parse(data);
    }

    private static (string Said, bool Ends) OfOpenAi(JsonNode data) => data["choices"]!.AsArray() is [{ } choice]
        ? ((string?)choice["delta"]!["content"] ?? "", choice["finish_reason"] is not null)
        : ("", false);

    private static (string Said, bool Ends) OfAnthropic(JsonNode data) => (string)data["type"]! switch
    {
        "content_block_delta" => ((string)data["delta"]!["text"]!, false),
        "message_delta" => ("", true),
        _ => ("", false),
    };
}
