using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>
/// S: of a job whose stop was asked for, the model server's log shows no call, a call that was closed in time, or
/// one that was complete; what is stored is what that says; its usage is settled; and every socket heard its end.
/// That all who tell the end tell the same one is D.
/// </summary>
internal static class Stops
{
    public static IEnumerable<Violation> Check(ChatHistory history)
    {
        var calls = history.Calls.ToLookup(call => call.Asked);
        var receipts = history.Receipts.DistinctBy(receipt => receipt.JobId).ToDictionary(receipt => receipt.JobId);
        var heard = history.Observations.OfType<Heard>()
            .Where(heard => heard.Event is MessageCompleted or MessageStopped)
            .ToLookup(heard => ((JobEvent)heard.Event).JobId);
        foreach (var stop in history.Stops)
        {
            var receipt = receipts[stop.JobId];
            if (!history.Ends.TryGetValue(stop.JobId, out var end)) continue;
            IReadOnlyList<LoggedCall> log = [.. calls[receipt.Message]];
            string[] broken =
            [
                .. log.Select(call => Late(call, stop, history.StopWithin)).OfType<string>(),
                .. Stored(end, log),
                .. Settled(end, heard[stop.JobId]),
                .. history.Observations.OfType<Opened>()
                    .Where(opened => opened.Owner == receipt.Owner && heard[stop.JobId].All(end => end.Connection != opened.Connection))
                    .Select(opened => $"connection {opened.Connection} never heard its end"),
            ];
            foreach (var seen in broken) yield return new('S', $"job {stop.JobId}, stopped at {stop.At}: {seen}");
        }
    }

    private static string? Late(LoggedCall call, StopRequest stop, TimeSpan within)
    {
        if (call.Closed is not { } closed) return "its call is open still";
        if (call.Opened > stop.At + within) return $"a call was opened {call.Opened - stop.At} after it";
        return call.State == ModelCallState.Abandoned && closed > stop.At + within ? $"its call was closed {closed - stop.At} after it" : null;
    }

    private static IEnumerable<string> Stored(JobView end, IReadOnlyList<LoggedCall> log)
    {
        var text = end.Content ?? "";
        switch (end.Status)
        {
            case JobStatus.Completed when log.All(call => call.WholeReply != text):
                yield return "it completed with a text that no call gave in full";
                break;
            case JobStatus.Cancelled when end.Attempt == 0 && log.Count > 0:
                yield return "it was stopped while it waited, and the model was called";
                break;
            case JobStatus.Cancelled when text.Length > 0 && !log.Any(call => call.WholeReply.StartsWith(text, StringComparison.Ordinal)):
                yield return "it kept a text that no call gave";
                break;
            case not (JobStatus.Completed or JobStatus.Cancelled):
                yield return $"it ended as {end.Status}";
                break;
        }
    }

    private static IEnumerable<string> Settled(JobView end, IEnumerable<Heard> heard)
    {
        if (end.Content is { Length: > 0 } && end.Usage is null) yield return "its text has no usage";
        if (end.Attempt == 0 && end.Usage is not null) yield return "it waited, and has usage";
        foreach (var told in heard)
        {
            var metadata = told.Event switch
            {
                MessageCompleted completed => completed.Metadata,
                MessageStopped stopped => stopped.Metadata,
                _ => null,
            };
            var (input, output) = (end.Usage?.InputTokens ?? 0, end.Usage?.OutputTokens ?? 0);
            if ((metadata?.InputTokens ?? 0, metadata?.OutputTokens ?? 0) != (input, output))
            {
                yield return $"connection {told.Connection} heard of other usage than is stored";
            }
        }
    }
}
