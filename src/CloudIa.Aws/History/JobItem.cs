using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Aws.History;

/// <summary>
/// What finds a job: its conversation, and where its turn is to be looked for first. It has all that its turn needs, so
/// that whoever finds a number taken and no turn under it writes the turn.
/// </summary>
internal sealed record JobItem
{
    public const string Status = "status";
    public const string At = "at";

    /// <summary>There where the message was taken back, and as long as no begin takes the job over all the same.</summary>
    public const string Withdrawn = "withdrawn";

    /// <summary>UTF-8 bytes of a message that stands in its items: a longer one is written once, not with each of them.</summary>
    private const int MostInline = 1024;

    private const string Floor = "floor";

    public required JobKey Key { get; init; }

    public required string ConversationId { get; init; }

    public required StoredText Message { get; init; }

    public string? Model { get; init; }

    public required string Fingerprint { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public int? Turn { get; init; }

    public int Redrives { get; init; }

    public JobStatus Waits { get; init; }

    public bool IsWithdrawn { get; init; }

    /// <summary>How many turns there were when the job was first known: its own comes after them.</summary>
    public int TurnsBefore { get; init; }

    /// <summary>Where its turn is, unless others came before it; version 0 is not known.</summary>
    public TurnPlace Place { get; init; }

    public ConversationKey Conversation => new(Key.Owner, ConversationId);

    public static JobItem Of(JobMessage job) => new()
    {
        Key = job.Key,
        ConversationId = job.ConversationId,
        Message = MessageOf(job.Key, job.Message),
        Model = job.Model,
        Fingerprint = job.Fingerprint,
        AcceptedAt = job.AcceptedAt,
        Turn = job.Turn,
        Redrives = job.Redrives,
    };

    /// <summary>A message as it will be kept.</summary>
    public static StoredText MessageOf(JobKey job, string message) => StoredText.Of(StoredText.Clean(message), job.JobId, MostInline);

    public static JobItem From(JobKey key, Item item) => new()
    {
        Key = key,
        ConversationId = item.Text("conversation")!,
        Message = StoredText.From(item, TurnItem.Message) ?? new StoredText("", null, 0),
        Model = item.Text(TurnItem.AskedModel),
        Fingerprint = item.Text(TurnItem.Fingerprint) ?? "",
        AcceptedAt = item.Time(TurnItem.AcceptedAt)!.Value,
        Turn = (int?)item.Number("turn"),
        Redrives = (int)(item.Number(TurnItem.Redrives) ?? 0),
        Waits = item.ContainsKey(Status) ? JobStatus.Deferred : JobStatus.Queued,
        IsWithdrawn = item.ContainsKey(Withdrawn),
        TurnsBefore = (int)(item.Number(Floor) ?? 0),
        Place = item.Text(At) is { } at ? TurnPlace.Parse(at) : default,
    };

    public Item ToItem()
    {
        var (message, text) = Message.As(TurnItem.Message);
        return HistoryKeys.Job(Key).ToItem()
            .With("conversation", ConversationId)
            .With(message, text)
            .With(TurnItem.AskedModel, Model)
            .With(TurnItem.Fingerprint, Fingerprint)
            .With(TurnItem.AcceptedAt, AcceptedAt.ToUnixTimeMilliseconds())
            .With("turn", Turn)
            .With(TurnItem.Redrives, Redrives == 0 ? null : Redrives)
            .With(Floor, TurnsBefore)
            .With(At, Place.ToString());
    }

    /// <summary>The job as it is shown while it waits.</summary>
    public Turn ToTurn(string message) => new()
    {
        JobId = Key.JobId,
        ConversationId = ConversationId,
        Number = Turn,
        Message = message,
        Model = Model,
        Fingerprint = Fingerprint,
        AcceptedAt = AcceptedAt,
        Status = Waits,
    };
}
