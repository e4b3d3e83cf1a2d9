using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>
/// C, for readers that come back: text that is held is void only where a newer attempt runs, or where the reader named
/// a place that it never held; what a poll shows is what the others show; and a reader ends with the stored text.
/// </summary>
internal static class Restarts
{
    public static IEnumerable<Violation> Check(ChatHistory history) =>
        [.. WithoutReason(history), .. PollsAgree(history), .. ShownIsStored(history)];

    private static IEnumerable<Violation> WithoutReason(ChatHistory history)
    {
        var asked = new Dictionary<(int Connection, string Job), Resumed>();
        var attempts = new Dictionary<(int Connection, string Job), int>();
        foreach (var seen in history.Observations)
        {
            switch (seen)
            {
                case Resumed(_, var connection, var point, _) resumed:
                    asked[(connection, point.JobId)] = resumed;
                    break;
                case Heard(_, var connection, MessageDelta delta):
                    attempts[(connection, delta.JobId)] = delta.Attempt;
                    break;
                case Heard(_, var connection, MessageRestarted restarted):
                    var key = (connection, restarted.JobId);
                    var ask = asked.GetValueOrDefault(key);
                    var unknown = restarted.Reason == "position_unknown";
                    var newer = !unknown && restarted.Attempt > attempts.GetValueOrDefault(key, ask is { Invented: false } ? ask.Point.Attempt : 0);

                    // A newer attempt may be told twice: to the newcomer, and in answer to what was asked.
                    if (!newer) asked.Remove(key);
                    if (!newer && !(unknown ? ask is { Invented: true } : ask?.Point.Attempt < restarted.Attempt))
                    {
                        yield return new('C', $"job {restarted.JobId}: a restart of attempt {restarted.Attempt} for {restarted.Reason} on connection {connection}, where {ask?.Point.ToString() ?? "no place"} was asked for");
                    }

                    attempts[key] = restarted.Attempt;
                    break;
            }
        }
    }

    private static IEnumerable<Violation> PollsAgree(ChatHistory history)
    {
        foreach (var (_, view) in history.Observations.OfType<Polled>())
        {
            if (view.Content is { } content
                && history.Ends.TryGetValue(view.JobId, out var end) && end.Attempt == view.Attempt
                && end.Content?.StartsWith(content, StringComparison.Ordinal) != true)
            {
                yield return new('C', $"job {view.JobId}: a poll showed '{content}', which the stored text does not begin with");
            }
        }
    }

    private static IEnumerable<Violation> ShownIsStored(ChatHistory history)
    {
        var stored = history.Stored
            .SelectMany(conversation => conversation.Messages)
            .Where(message => message.Role == MessageRole.Assistant)
            .ToLookup(message => message.JobId, message => message.Content);
        foreach (var (_, job, text) in history.Observations.OfType<Showed>())
        {
            if (!string.Equals(history.Ends.GetValueOrDefault(job)?.Content, text, StringComparison.Ordinal)
                || stored[job].Any(content => !string.Equals(content, text, StringComparison.Ordinal)))
            {
                yield return new('C', $"job {job}: a reader ended with '{text}', which is not the stored text");
            }
        }
    }
}
