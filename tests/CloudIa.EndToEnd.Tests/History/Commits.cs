using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>
/// D: whoever says that a job has ended, on whatever connection and at whatever time, says the same end; and
/// after it was said nothing more is done for that job.
/// </summary>
internal static class Commits
{
    private sealed record End(JobStatus Status, int Attempt, string Content)
    {
        public override string ToString() =>
            $"{Status} by attempt {Attempt} with '{(Content.Length > 60 ? Content[..60] + "…" : Content)}'";
    }

    public static IEnumerable<Violation> Check(ChatHistory history) => [.. OneEnd(history), .. NothingAfterTheEnd(history)];

    private static IEnumerable<Violation> OneEnd(ChatHistory history)
    {
        var ends = history.Observations.OfType<Heard>()
            .Select(heard => heard.Event)
            .OfType<JobEvent>()
            .Select(said => (said.JobId, End: Said(said)))
            .Concat(history.Ends.Values
                .Where(view => view.Status is JobStatus.Completed or JobStatus.Cancelled)
                .Select(view => (view.JobId, End: (End?)new End(view.Status, view.Attempt, view.Content ?? ""))))
            .Concat(history.Stored
                .SelectMany(stored => stored.Messages)
                .Where(message => message is { Role: MessageRole.Assistant, Status: JobStatus.Completed or JobStatus.Cancelled })
                .Select(message => (message.JobId, End: (End?)new End(message.Status, message.Attempt ?? 0, message.Content))))
            .Where(pair => pair.End is not null)
            .GroupBy(pair => pair.JobId, pair => pair.End!);
        foreach (var job in ends)
        {
            var different = job.Distinct().ToList();
            if (different.Count > 1) yield return new('D', $"job {job.Key} ended in {different.Count} ways: {string.Join(" and ", different)}");
        }
    }

    private static IEnumerable<Violation> NothingAfterTheEnd(ChatHistory history)
    {
        var jobOfMessage = history.Receipts
            .DistinctBy(receipt => receipt.JobId)
            .ToLookup(receipt => receipt.Message, receipt => receipt.JobId);
        var ended = new Dictionary<string, int>();
        var openedAfter = new Dictionary<int, HashSet<string>>();
        foreach (var seen in history.Observations)
        {
            switch (seen)
            {
                case Opened(_, var connection):
                    openedAfter[connection] = [.. ended.Keys];
                    break;
                case Heard(_, var connection, JobEvent said):
                    // Another connection's frames may lag behind the one that told of the end; its own, or one
                    // that was opened afterwards, may not.
                    if (Attempt(said) is { } attempt && attempt > ended.GetValueOrDefault(said.JobId, int.MaxValue)
                        && openedAfter.GetValueOrDefault(connection)?.Contains(said.JobId) == true)
                    {
                        yield return new('D', $"job {said.JobId} had ended, and attempt {attempt} began");
                    }

                    if (Said(said) is { } end)
                    {
                        ended.TryAdd(said.JobId, end.Attempt);
                        if (openedAfter.TryGetValue(connection, out var known)) known.Add(said.JobId);
                    }

                    break;
                case ModelCalled(var asked, _):
                    foreach (var job in jobOfMessage[asked].Where(ended.ContainsKey))
                    {
                        yield return new('D', $"job {job} had ended, and the model was called again");
                    }

                    break;
            }
        }
    }

    private static End? Said(JobEvent said) => said switch
    {
        MessageCompleted completed => new End(JobStatus.Completed, completed.Attempt, completed.Content!),
        MessageStopped stopped => new End(JobStatus.Cancelled, stopped.Attempt, stopped.Content!),
        _ => null,
    };

    private static int? Attempt(JobEvent said) => said switch
    {
        MessageStarted started => started.Attempt,
        MessageDelta delta => delta.Attempt,
        MessageRestarted restarted => restarted.Attempt,
        _ => null,
    };
}
