using System.Globalization;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>
/// The keys of the history. All begin with their owner, whose name is escaped so that no name can be taken for another's
/// key: a user has chats, a chat has messages.
/// </summary>
internal static class HistoryKeys
{
    private const string Chat = "CHAT#";
    private const string Last = "~";

    /// <summary>The partition of an owner's conversations.</summary>
    public static string Owner(string owner) =>
        $"USER#{owner.Replace("%", "%25", StringComparison.Ordinal).Replace("#", "%23", StringComparison.Ordinal)}";

    public static ItemKey Conversation(ConversationKey key) => new(Owner(key.Owner), $"{Chat}{key.ConversationId}");

    public static (string, string, string) Conversations(string owner) => (Owner(owner), Chat, $"{Chat}\U0010FFFF");

    public static string ConversationId(ItemKey conversation) => conversation.Sort[Chat.Length..];

    /// <summary>What finds a job, and shows it while it waits.</summary>
    public static ItemKey Job(JobKey key) => new($"{Owner(key.Owner)}#JOB#{key.JobId}", "JOB");

    /// <summary>The partition of a conversation's turns, and of what is long in it.</summary>
    public static string Turns(ConversationKey key) => $"{Owner(key.Owner)}#CHAT#{key.ConversationId}";

    public static ItemKey Turn(ConversationKey key, TurnPlace place) => new(Turns(key), $"{Sort(place.Turn)}#{place.Version:D6}");

    /// <summary>The turns from one number to another, both included, with all of their versions.</summary>
    public static (string, string, string) Turns(ConversationKey key, int from, int to) => (Turns(key), Sort(from), $"{Sort(to)}#{Last}");

    /// <summary>All items of a conversation's partition.</summary>
    public static (string, string, string) Everything(ConversationKey key) => (Turns(key), " ", Last);

    public static ItemKey Part(ConversationKey key, string name, int part) => new(Turns(key), $"PART#{name}#{part:D4}");

    public static (string, string, string) Parts(ConversationKey key, string jobId) => (Turns(key), $"PART#{jobId}#", $"PART#{jobId}#{Last}");

    public static bool IsTurn(ItemKey key) => key.Sort.StartsWith("TURN#", StringComparison.Ordinal);

    public static TurnPlace PlaceOf(ItemKey turn) =>
        new(int.Parse(turn.Sort.AsSpan(5, 10), CultureInfo.InvariantCulture), int.Parse(turn.Sort.AsSpan(16), CultureInfo.InvariantCulture));

    private static string Sort(int turn) => $"TURN#{turn:D10}";
}

/// <summary>Where a job's answer stands in its conversation.</summary>
internal readonly record struct TurnPlace(int Turn, int Version)
{
    public static TurnPlace Parse(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return new TurnPlace(int.Parse(text.AsSpan(0, dot), CultureInfo.InvariantCulture), int.Parse(text.AsSpan(dot + 1), CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Turn}.{Version}");
}
