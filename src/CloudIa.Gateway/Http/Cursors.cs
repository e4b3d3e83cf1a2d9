using System.Globalization;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Http;

/// <summary>A place in the list of conversations: "milliseconds.conversation".</summary>
internal static class ListCursor
{
    public static string Format(Conversation last) =>
        string.Create(CultureInfo.InvariantCulture, $"{last.UpdatedAt.ToUnixTimeMilliseconds()}.{last.ConversationId}");

    public static ListPlace? Parse(string? cursor) =>
        PlaceInTime.Parse(cursor) is { } place ? new ListPlace(place.Time, place.Name) : null;
}

/// <summary>A place in a sweep over dead letters: "milliseconds.letter".</summary>
internal static class SweepCursor
{
    public static string? Format(LetterSweep? rest) => rest is null
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{rest.Until.ToUnixTimeMilliseconds()}.{rest.AfterId}");

    public static LetterSweep? Parse(string? cursor) =>
        PlaceInTime.Parse(cursor) is { } place ? new LetterSweep(place.Name, place.Time) : null;
}

/// <summary>A time and a name: "milliseconds.name".</summary>
internal static class PlaceInTime
{
    public static (DateTimeOffset Time, string Name)? Parse(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        var dot = cursor.IndexOf('.');
        return dot > 0
            && long.TryParse(cursor.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? (DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), cursor[(dot + 1)..])
            : throw new RequestRefusedException(ErrorCode.CursorInvalid);
    }
}

/// <summary>A place among messages: "12" goes on before turn 12; "12u" with the user's message of turn 12. "p" is among the waiting.</summary>
internal static class MessageCursor
{
    /// <summary>Turns before a number; of the newest of them only the user's message where the answer was in the page before.</summary>
    public readonly record struct Place(int? Before, bool UserOnly);

    public static string After(MessageView last) => last switch
    {
        // Waiting messages beyond a page are not paged through: who reads on gets the turns.
        { Turn: null } => "p",
        { Role: MessageRole.Assistant } => $"{last.Turn}u",
        _ => $"{last.Turn}",
    };

    public static Place? Parse(string? cursor)
    {
        switch (cursor)
        {
            case null:
                return null;
            case "p":
                return new Place(null, false);
        }

        var userOnly = cursor.EndsWith('u');
        return int.TryParse(userOnly ? cursor[..^1] : cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var turn) && turn < int.MaxValue
            ? new Place(userOnly ? turn + 1 : turn, userOnly)
            : throw new RequestRefusedException(ErrorCode.CursorInvalid);
    }
}
