using System.Globalization;
using System.Text.Json;
using CloudIa.Protocol;

namespace CloudIa.Aws.Delivery;

/// <summary>
/// What a node says on an owner's channel: a letter for its kind, the node's name, and the rest. A node leaves out its
/// own, which its feeds have heard.
/// </summary>
internal static class BusWord
{
    /// <summary>The length of a node's name.</summary>
    public const int NodeLength = 16;

    private const int HeadLength = NodeLength + 1;

    /// <summary>An answer grew.</summary>
    public static string Grew(string node, int attempt, string jobId) => string.Create(CultureInfo.InvariantCulture, $"g{node}{attempt} {jobId}");

    /// <summary>A job ended; the history has how.</summary>
    public static string Ended(string node, string jobId) => $"x{node}{jobId}";

    /// <summary>Anything else.</summary>
    public static string Announced(string node, ServerEvent announced) => $"e{node}{JsonSerializer.Serialize(announced, ProtocolJson.Wire.ServerEvent)}";

    /// <summary>False for what no version of this program says, and for what this node itself said.</summary>
    public static bool TryRead(string word, string node, out char kind, out ReadOnlySpan<char> rest)
    {
        kind = '\0';
        rest = default;
        if (word.Length <= HeadLength || word.AsSpan(1, NodeLength).SequenceEqual(node))
        {
            return false;
        }

        kind = word[0];
        rest = word.AsSpan(HeadLength);
        return true;
    }

    public static bool TryReadGrew(ReadOnlySpan<char> rest, out int attempt, out string jobId)
    {
        var space = rest.IndexOf(' ');
        (attempt, jobId) = (0, "");
        if (space <= 0 || !int.TryParse(rest[..space], NumberStyles.None, CultureInfo.InvariantCulture, out attempt))
        {
            return false;
        }

        jobId = rest[(space + 1)..].ToString();
        return true;
    }

    public static ServerEvent? ReadAnnounced(ReadOnlySpan<char> rest)
    {
        try
        {
            return JsonSerializer.Deserialize(rest, ProtocolJson.Wire.ServerEvent);
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            // A newer version's, or nobody's.
            return null;
        }
    }
}
