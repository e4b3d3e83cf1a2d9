using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>
/// C: on one connection the deltas of an attempt are contiguous and none comes twice; at any one place of an
/// attempt all connections read the same text; and of the attempt that committed it is the stored text.
/// </summary>
internal static class Positions
{
    public static IEnumerable<Violation> Check(ChatHistory history) => [.. Contiguous(history), .. SameText(history)];

    /// <summary>Where a connection stands in one answer.</summary>
    private sealed class Place
    {
        /// <summary>Where the next delta was due; null before the first.</summary>
        public Position? Next { get; set; }

        /// <summary>What was asked for and not yet answered: until the server reads it, it goes on as before.</summary>
        public List<Position> Asked { get; } = [];

        public bool Takes(Position at) => Next switch
        {
            // A server that has not read the resume yet tells a newcomer the answer from its beginning.
            null => Asked.Count == 0 || Asked.Contains(at) || at.Offset == 0,
            { } next when at.Attempt == next.Attempt => at == next || (at.Offset > next.Offset && Asked.Contains(at)),
            { } next => at.Attempt > next.Attempt && (at.Offset == 0 || Asked.Contains(at)),
        };

        public override string ToString() => string.Join(" or ", Asked.Prepend(Next ?? Position.Start).Distinct());
    }

    private static IEnumerable<Violation> Contiguous(ChatHistory history)
    {
        var places = new Dictionary<(int Connection, string Job), Place>();
        foreach (var seen in history.Observations)
        {
            switch (seen)
            {
                case Resumed(_, var connection, var point, _):
                    Of(connection, point.JobId).Asked.Add(new Position(point.Attempt, point.Offset));
                    break;
                case Heard(_, var connection, MessageRestarted restarted):
                    places[(connection, restarted.JobId)] = new Place { Next = new Position(restarted.Attempt, 0) };
                    break;
                case Heard(_, var connection, MessageCompleted or MessageStopped):
                    // Who asked just before is told the end again, and what it lacks of it: clients take nothing after an end.
                    places[(connection, ((JobEvent)((Heard)seen).Event).JobId)] = new Place();
                    break;
                case Heard(_, var connection, MessageDelta delta):
                    var at = new Position(delta.Attempt, delta.Offset);
                    var place = Of(connection, delta.JobId);
                    if (!place.Takes(at))
                    {
                        yield return new('C', $"job {delta.JobId}: a delta at {at} on connection {connection}, where {place} was due");
                    }

                    if (place.Asked.Contains(at)) place.Asked.Clear();
                    place.Next = at with { Offset = at.Offset + delta.Delta.Length };
                    break;
            }
        }

        Place Of(int connection, string job)
        {
            if (!places.TryGetValue((connection, job), out var place)) places[(connection, job)] = place = new Place();
            return place;
        }
    }

    private static IEnumerable<Violation> SameText(ChatHistory history)
    {
        var texts = new Dictionary<(string Job, int Attempt), List<char?>>();
        foreach (var (jobId, end) in history.Ends)
        {
            if (Kept(end) is { } content) texts[(jobId, end.Attempt)] = [.. content.Select(letter => (char?)letter)];
        }

        foreach (var heard in history.Observations.OfType<Heard>())
        {
            if (heard.Event is not MessageDelta delta) continue;
            var key = (delta.JobId, delta.Attempt);
            var whole = history.Ends.TryGetValue(delta.JobId, out var end) && end.Attempt == delta.Attempt && Kept(end) is not null;
            if (!texts.TryGetValue(key, out var text)) texts[key] = text = [];
            if (!Agrees(text, delta, mayGrow: !whole))
            {
                yield return new('C', $"job {delta.JobId}, attempt {delta.Attempt}: the text at {delta.Offset}, '{delta.Delta}', is not what is stored or was shown there");
            }
        }
    }

    // What was shown of an answer that failed is not kept.
    private static string? Kept(JobView end) => end.Status == JobStatus.Failed ? null : end.Content;

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
