using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests;

/// <summary>Jobs and ends to put into an adapter. Owners and conversations are new at each asking, so that tests may share an engine.</summary>
internal static class Samples
{
    /// <summary>Far ahead, because engines forget by their own clocks: what is kept for a day from here on, DynamoDB does not sweep away.</summary>
    public static readonly DateTimeOffset Start = new(2085, 3, 14, 9, 26, 53, 589, TimeSpan.Zero);

    /// <summary>Lone and joined emoji, quotes, a line break, a control character, and two writing directions.</summary>
    public const string Unicode = "Olá, 世界! 👩‍👩‍👧‍👦 \"quotes\" \\ \n\t\u0001 مرحبا 𝒳 é e\u0301";

    public static string Owner() => $"owner-{Guid.NewGuid():N}";

    public static string Conversation() => Guid.NewGuid().ToString("N");

    /// <summary>A message; without a conversation the one that it begins has its name of it, as the intake gives it.</summary>
    public static JobMessage Job(string? conversation = null, string message = "Olá, IA!", string? owner = null, DateTimeOffset? at = null)
    {
        var key = new JobKey(owner ?? "owner", Guid.NewGuid().ToString("N"));
        return new JobMessage
        {
            JobId = key.JobId,
            Owner = key.Owner,
            SessionId = "session",
            ConversationId = conversation ?? Identifiers.ConversationOf(key),
            Message = message,
            Fingerprint = "",
            AcceptedAt = at ?? Start,
            TraceId = "0af7651916cd43dd8448eb211c80319c",
        };
    }

    /// <summary>Jobs of one conversation, in the order of their messages "0", "1", "2" …</summary>
    public static JobMessage[] Jobs(int count, string? conversation = null)
    {
        conversation ??= Conversation();
        return [.. Enumerable.Range(0, count).Select(i => Job(conversation, $"{i}"))];
    }

    public static TurnEnd Answer(string content = "Olá!") => new()
    {
        Status = JobStatus.Completed,
        Content = content,
        EndedAt = Start.AddSeconds(3),
        Model = "demo",
        FinishReason = "stop",
    };
}
