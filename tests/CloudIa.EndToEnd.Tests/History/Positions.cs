using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>
/// C: on one connection the deltas of an attempt are contiguous and none comes twice; at any one place of an
/// attempt all connections read the same text; and of the attempt that committed it is the stored text.
/// </summary>
internal static class Positions
{
    public static IEnumerable<Violation> Check(ChatHistory history) => [.. Contiguous(history), .. SameText(history)];

    private static IEnumerable<Violation> Contiguous(ChatHistory history)
    {
        // Where a delta may stand: more than one place between a resume and the server's reading of it.
        var due = new Dictionary<(int Connection, string Job), List<Position>>();
        foreach (var seen in history.Observations)
        {
            switch (seen)
            {
                case Resumed(_, var connection, var point):
                    Due(connection, point.JobId).Add(new Position(point.Attempt, point.Offset));
                    break;
                case Heard(_, var connection, MessageRestarted restarted):
                    due[(connection, restarted.JobId)] = [new Position(restarted.Attempt, 0)];
                    break;
                case Heard(_, var connection, MessageDelta delta):
                    var at = new Position(delta.Attempt, delta.Offset);
                    var places = Due(connection, delta.JobId);
                    if (places.Count > 0 && !places.Contains(at) && !BeginsNewAttempt(places, at))
                    {
                        yield return new(
                            'C', $"job {delta.JobId}: a delta at {at} on connection {connection}, where {string.Join(" or ", places)} was due");
                    }

                    due[(connection, delta.JobId)] = [new Position(delta.Attempt, delta.Offset + delta.Delta.Length)];
                    break;
            }
        }

        List<Position> Due(int connection, string job)
        {
            if (!due.TryGetValue((connection, job), out var places)) due[(connection, job)] = places = [];
            return places;
        }
    }

    private static bool BeginsNewAttempt(List<Position> places, Position at) =>
        at.Offset == 0 && places.All(place => place.Attempt < at.Attempt);

    private static IEnumerable<Violation> SameText(ChatHistory history)
    {
        var texts = new Dictionary<(string Job, int Attempt), List<char?>>();
        foreach (var (jobId, end) in history.Ends)
        {
            if (end.Content is { } content) texts[(jobId, end.Attempt)] = [.. content.Select(letter => (char?)letter)];
        }

        foreach (var heard in history.Observations.OfType<Heard>())
        {
            if (heard.Event is not MessageDelta delta) continue;
            var key = (delta.JobId, delta.Attempt);
            var whole = history.Ends.TryGetValue(delta.JobId, out var end) && end.Attempt == delta.Attempt;
            if (!texts.TryGetValue(key, out var text)) texts[key] = text = [];
            if (!Agrees(text, delta, mayGrow: !whole))
            {
                yield return new('C', $"job {delta.JobId}, attempt {delta.Attempt}: the text at {delta.Offset}, '{delta.Delta}', is not what is stored or was shown there");
            }
        }
    }

    private static bool Agrees(List<char?> text, MessageDelta delta, bool mayGrow)
    {
        for (var index = 0; index < delta.Delta.Length; index++)
        {
            var place = delta.Offset + index;
            if (place >= text.Count && !mayGrow) return false;
            while (place >= text.Count) text.Add(null);
            if (text[place] is { } there && there != delta.Delta[index]) return false;
            text[place] = delta.Delta[index];
        }

        return true;
    }
}
