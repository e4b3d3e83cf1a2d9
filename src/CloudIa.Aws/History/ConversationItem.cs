using System.Globalization;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;

namespace CloudIa.Aws.History;

/// <summary>
/// A conversation's item: what its owner sees of it in a list, how many turns are numbered, and each job that has no place
/// yet or had no end when this was last looked at.
/// </summary>
internal sealed class ConversationItem
{
    public const string Title = "title";
    public const string CreatedAt = "createdAt";
    public const string UpdatedAt = "updatedAt";
    public const string Turns = "turns";
    public const string Prompt = "prompt";
    public const string ForkedFrom = "forkedFrom";
    public const string ForkedTurn = "forkedTurn";
    public const string DeletedAt = "deletedAt";

    /// <summary>There while not everything of a deleted conversation is removed.</summary>
    public const string Removing = "removing";

    /// <summary>Counts what changes the places of jobs: whoever takes one does it on the count that it has read.</summary>
    public const string Revision = "rev";

    /// <summary>Counts the accepted messages: their order.</summary>
    public const string Accepted = "seq";

    /// <summary>The job whose message gave the title.</summary>
    public const string First = "first";

    /// <summary>There once the owner gave a title, or another conversation did.</summary>
    public const string Named = "named";

    /// <summary>There once the owner changed anything.</summary>
    public const string Changed = "changed";

    private const string WaitingPrefix = "w:";
    private const string OpenPrefix = "o:";

    private readonly Item item;

    public ConversationItem(Item item)
    {
        this.item = item;
        foreach (var (name, value) in item)
        {
            if (name.StartsWith(WaitingPrefix, StringComparison.Ordinal))
            {
                Waiting[name[WaitingPrefix.Length..]] = WaitingJob.Parse(value.S);
            }
            else if (name.StartsWith(OpenPrefix, StringComparison.Ordinal))
            {
                Open[name[OpenPrefix.Length..]] = OpenJob.Parse(value.S);
            }
        }
    }

    public bool IsDeleted => item.ContainsKey(DeletedAt);

    public bool IsNamed => item.ContainsKey(Named);

    public bool IsChanged => item.ContainsKey(Changed);

    public bool IsFork => item.ContainsKey(ForkedFrom);

    public int LastTurn => (int)(item.Number(Turns) ?? 0);

    public long Rev => item.Number(Revision) ?? 0;

    public long Seq => item.Number(Accepted) ?? 0;

    public string? FirstJob => item.Text(First);

    /// <summary>The turn of a message that is accepted now, unless others come before it.</summary>
    public int NextExpected => LastTurn + Waiting.Values.Count(job => !job.IsRegeneration) + 1;

    public DateTimeOffset? NewestBegun => item.Time(UpdatedAt);

    public StoredText? SystemPrompt => StoredText.From(item, Prompt);

    /// <summary>Jobs that were accepted and have no place.</summary>
    public Dictionary<string, WaitingJob> Waiting { get; } = [];

    /// <summary>Jobs that have a place: all that have no end, and some that have ended since.</summary>
    public Dictionary<string, OpenJob> Open { get; } = [];

    public static string WaitingName(string jobId) => $"{WaitingPrefix}{jobId}";

    public static string OpenName(string jobId) => $"{OpenPrefix}{jobId}";

    /// <summary>When its newest message was accepted, one that waits included.</summary>
    public DateTimeOffset Newest => Waiting.Values.Select(job => job.AcceptedAt).Append(NewestBegun ?? DateTimeOffset.MinValue).Max();

    public Conversation ToConversation(string conversationId, string? systemPrompt) =>
        new(conversationId, item.Text(Title) ?? "", item.Time(CreatedAt) ?? DateTimeOffset.UnixEpoch, Newest, LastTurn)
        {
            SystemPrompt = systemPrompt,
            ForkedFrom = item.Text(ForkedFrom) is { } from ? new ForkOrigin(from, (int)(item.Number(ForkedTurn) ?? 0)) : null,
        };
}

/// <summary>A job that waits for its place.</summary>
/// <param name="Order">Its place among the conversation's accepted messages.</param>
/// <param name="AcceptedAt">When that was.</param>
/// <param name="Expected">The turn that it will be, unless others come before it; 0 for a regeneration.</param>
internal readonly record struct WaitingJob(long Order, DateTimeOffset AcceptedAt, int Expected)
{
    public bool IsRegeneration => Expected == 0;

    public static WaitingJob Parse(string text) => text.Split(' ') is [var order, var at, var expected]
        ? new WaitingJob(
            long.Parse(order, CultureInfo.InvariantCulture),
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(at, CultureInfo.InvariantCulture)),
            int.Parse(expected, CultureInfo.InvariantCulture))
        : default;

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Order} {AcceptedAt.ToUnixTimeMilliseconds()} {Expected}");
}

/// <summary>A job that has its place and may have no end.</summary>
internal readonly record struct OpenJob(long Order, TurnPlace Place)
{
    public static OpenJob Parse(string text)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return new OpenJob(long.Parse(text.AsSpan(0, space), CultureInfo.InvariantCulture), TurnPlace.Parse(text[(space + 1)..]));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Order} {Place}");
}
