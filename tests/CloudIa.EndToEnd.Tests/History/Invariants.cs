using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>A broken promise: the invariant's letter, and what was seen.</summary>
internal sealed record Violation(char Invariant, string Seen)
{
    public override string ToString() => $"{Invariant}: {Seen}";
}

/// <summary>
/// The promises that can be judged from outside: A every 202 reaches exactly one end, B one stored answer a turn
/// and turns contiguous, C positions contiguous and the shown text the stored text, D no two attempts commit,
/// E calls of the model are bounded, F no other owner's data, S a stop is confirmed. (E's memory and file handles are
/// measured elsewhere.)
/// </summary>
internal static class Invariants
{
    public static IReadOnlyList<Violation> Check(ChatHistory history) =>
    [
        .. EveryReceiptEnds(history),
        .. OneAnswerATurn(history),
        .. OneTurnAMessage(history),
        .. AnswersAreWhole(history),
        .. Positions.Check(history),
        .. Restarts.Check(history),
        .. Commits.Check(history),
        .. Owners.Check(history),
        .. Stops.Check(history),
        .. Spending.Check(history),
    ];

    private static IEnumerable<Violation> EveryReceiptEnds(ChatHistory history)
    {
        foreach (var receipt in history.Receipts)
        {
            if (!history.Ends.TryGetValue(receipt.JobId, out var end))
            {
                yield return new('A', $"job {receipt.JobId} had its 202 and is not there");
            }
            else if (!end.Status.IsEnd())
            {
                yield return new('A', $"job {receipt.JobId} had its 202 and stays {end.Status}");
            }
        }
    }

    private static IEnumerable<Violation> OneAnswerATurn(ChatHistory history)
    {
        foreach (var stored in history.Stored)
        {
            var turns = stored.Messages.GroupBy(message => message.Turn).OrderBy(turn => turn.Key ?? int.MaxValue).ToList();
            for (var index = 0; index < turns.Count; index++)
            {
                var turn = turns[index];
                var place = $"turn {turn.Key?.ToString() ?? "null"} of {stored.ConversationId}";
                if (turn.Key != index + 1) yield return new('B', $"{place} stands where {index + 1} was due");
                var questions = turn.Count(message => message.Role == MessageRole.User);
                var answers = turn.Count(message => message.Role == MessageRole.Assistant);
                if (questions != 1) yield return new('B', $"{place} has {questions} messages of the user");
                if (answers != 1) yield return new('B', $"{place} has {answers} answers");
                if (turn.Select(message => message.JobId).Distinct().Count() > 1) yield return new('B', $"{place} is of two jobs");
            }
        }
    }

    private static IEnumerable<Violation> OneTurnAMessage(ChatHistory history)
    {
        var turnsOfJob = history.Stored
            .SelectMany(stored => stored.Messages.Select(message => (stored.ConversationId, message)))
            .Where(item => item.message.Role == MessageRole.User)
            .ToLookup(item => item.message.JobId);
        foreach (var receipt in history.Receipts.DistinctBy(receipt => receipt.JobId))
        {
            var turns = turnsOfJob[receipt.JobId].ToList();
            if (turns.Count != 1) yield return new('B', $"job {receipt.JobId} has {turns.Count} turns");
            foreach (var (conversation, message) in turns)
            {
                if (conversation != receipt.ConversationId) yield return new('B', $"job {receipt.JobId} is in {conversation}, not in {receipt.ConversationId}");
                if (message.Content != receipt.Message) yield return new('B', $"job {receipt.JobId} holds another message than was sent");
            }
        }

        // One message sent once, however often it was posted with its key.
        foreach (var message in history.Receipts.GroupBy(receipt => (receipt.Owner, receipt.Message)))
        {
            var jobs = history.Stored
                .Where(stored => stored.Owner == message.Key.Owner)
                .SelectMany(stored => stored.Messages)
                .Count(item => item.Role == MessageRole.User && item.Content == message.Key.Message);
            if (jobs > 1) yield return new('B', $"the message '{message.Key.Message}' is there {jobs} times");
        }
    }

    /// <summary>A completed answer is what one call of the model said for this message, from its first to its last word.</summary>
    private static IEnumerable<Violation> AnswersAreWhole(ChatHistory history)
    {
        var replies = history.Observations.OfType<ModelCalled>().ToLookup(call => call.Asked, call => call.WholeReply);
        if (replies.Count == 0) yield break;
        foreach (var turn in history.Stored.SelectMany(stored => stored.Messages).GroupBy(message => message.JobId))
        {
            var question = turn.FirstOrDefault(message => message.Role == MessageRole.User)?.Content;
            foreach (var answer in turn.Where(message => message is { Role: MessageRole.Assistant, Status: JobStatus.Completed }))
            {
                if (question is null || !replies[question].Contains(answer.Content))
                {
                    yield return new('C', $"job {turn.Key}'s stored answer is no whole reply of the model: '{answer.Content}'");
                }
            }
        }
    }
}
