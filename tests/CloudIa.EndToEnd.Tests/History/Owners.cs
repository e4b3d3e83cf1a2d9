using System.Text.Json;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>F: no frame and no stored message of one owner holds anything of another's.</summary>
internal static class Owners
{
    public static IEnumerable<Violation> Check(ChatHistory history)
    {
        var ownerOfJob = history.Receipts.DistinctBy(receipt => receipt.JobId)
            .ToDictionary(receipt => receipt.JobId, receipt => receipt.Owner);
        foreach (var heard in history.Observations.OfType<Heard>())
        {
            if (heard.Event is JobEvent said && ownerOfJob.TryGetValue(said.JobId, out var owner) && owner != heard.Owner)
            {
                yield return new('F', $"{heard.Owner} heard of job {said.JobId}, which is {owner}'s");
            }

            var text = JsonSerializer.Serialize(heard.Event, ProtocolJson.Default.ServerEvent);
            if (Foreign(history, heard.Owner, text) is { } other)
            {
                yield return new('F', $"{heard.Owner} received what is {other}'s: {text}");
            }
        }

        foreach (var stored in history.Stored)
        {
            foreach (var message in stored.Messages)
            {
                if (Foreign(history, stored.Owner, message.Content) is { } other)
                {
                    yield return new('F', $"{stored.Owner}'s {stored.ConversationId} holds what is {other}'s: {message.Content}");
                }
            }
        }
    }

    private static string? Foreign(ChatHistory history, string owner, string text) => history.Marks
        .Where(mark => mark.Key != owner && text.Contains(mark.Value, StringComparison.Ordinal))
        .Select(mark => mark.Key)
        .FirstOrDefault();
}
