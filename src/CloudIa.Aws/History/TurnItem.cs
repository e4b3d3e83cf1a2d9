using System.Globalization;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Protocol;

namespace CloudIa.Aws.History;

/// <summary>One answer of a turn: the job that makes it, its attempts, and its end.</summary>
internal sealed class TurnItem(Item item)
{
    public const string JobId = "job";
    public const string Message = "message";
    public const string AskedModel = "asked";
    public const string Fingerprint = "print";
    public const string AcceptedAt = "acceptedAt";
    public const string AskedAt = "askedAt";
    public const string Attempt = "attempt";
    public const string Uncounted = "uncounted";
    public const string Redrives = "redrives";
    public const string Status = "status";
    public const string StopAsked = "stopAsked";
    public const string Answer = "answer";
    public const string EndedAt = "endedAt";

    /// <summary>Who wrote the end: one that was told of a broken call finds its own.</summary>
    public const string Writer = "writer";

    /// <summary>There in the place of a turn whose conversation was deleted before it was written.</summary>
    public const string Gone = "gone";

    /// <summary>Its conversation's revision since it took its place: not there where another process wrote it, nor in a later version.</summary>
    public const string Revision = "rev";

    /// <summary>UTF-8 bytes of an answer that stands in its item.</summary>
    private const int MostInline = 300_000;

    private const string Model = "model";
    private const string InputTokens = "input";
    private const string OutputTokens = "output";
    private const string Cost = "cost";
    private const string FinishReason = "finish";
    private const string ErrorCode = "error";
    private const string ErrorDetails = "details";

    /// <summary>The attributes of an end.</summary>
    public static IReadOnlyList<string> OfEnd { get; } =
    [
        Answer, StoredText.NameOf(Answer), EndedAt, Writer, Model, InputTokens, OutputTokens, Cost, FinishReason, ErrorCode, ErrorDetails,
    ];

    public TurnPlace Place { get; } = HistoryKeys.PlaceOf(ItemKey.Of(item));

    public ItemKey Key => ItemKey.Of(item);

    public bool IsGone => item.ContainsKey(Gone);

    public string Job => item.Text(JobId)!;

    public int Attempts => (int)(item.Number(Attempt) ?? 0);

    public int NotCounted => (int)(item.Number(Uncounted) ?? 0);

    public int Redriven => (int)(item.Number(Redrives) ?? 0);

    public bool IsStopAsked => item.ContainsKey(StopAsked);

    public bool HasEnded => item.ContainsKey(EndedAt);

    public JobStatus State => Enum.Parse<JobStatus>(item.Text(Status)!);

    public long? TookAt => item.Number(Revision);

    public string? WrittenBy => item.Text(Writer);

    public DateTimeOffset Accepted => item.Time(AcceptedAt)!.Value;

    public DateTimeOffset? Asked => item.Time(AskedAt);

    public StoredText Question => StoredText.From(item, Message) ?? new StoredText("", null, 0);

    public StoredText Content => StoredText.From(item, Answer) ?? new StoredText("", null, 0);

    /// <summary>Whether it has text, or may have.</summary>
    public bool MayBeShown => !HasEnded || !Content.IsEmpty;

    /// <summary>A turn that is new.</summary>
    public static Item New(JobItem job, TurnPlace place, int attempt, DateTimeOffset? askedAt, IEnumerable<(string, AttributeValue)> more)
    {
        var (message, text) = job.Message.As(Message);
        var item = HistoryKeys.Turn(job.Conversation, place).ToItem()
            .With(JobId, job.Key.JobId)
            .With(message, text)
            .With(AskedModel, job.Model)
            .With(Fingerprint, job.Fingerprint)
            .With(AcceptedAt, job.AcceptedAt.ToUnixTimeMilliseconds())
            .With(AskedAt, askedAt?.ToUnixTimeMilliseconds())
            .With(Attempt, attempt)
            .With(Uncounted, 0)
            .With(Redrives, job.Redrives)
            .With(Status, (attempt == 0 ? JobStatus.Queued : JobStatus.Running).ToString());
        foreach (var (name, value) in more)
        {
            item[name] = value;
        }

        return item;
    }

    /// <summary>An answer as it will be kept.</summary>
    public static StoredText ContentOf(string jobId, int attempt, TurnEnd end) =>
        StoredText.Of(StoredText.Clean(end.Content), string.Create(CultureInfo.InvariantCulture, $"{jobId}#{attempt:D6}"), MostInline);

    /// <summary>An end's attributes.</summary>
    public static IEnumerable<(string Name, AttributeValue Value)> End(TurnEnd end, StoredText content, string writer)
    {
        var (answer, text) = content.As(Answer);
        var item = new Item()
            .With(Status, end.Status.ToString())
            .With(answer, text)
            .With(EndedAt, end.EndedAt.ToUnixTimeMilliseconds())
            .With(Writer, writer)
            .With(Model, end.Model)
            .With(InputTokens, end.Usage?.InputTokens)
            .With(OutputTokens, end.Usage?.OutputTokens)
            .With(Cost, end.Usage?.Cost?.ToString(CultureInfo.InvariantCulture))
            .With(FinishReason, end.FinishReason)
            .With(ErrorCode, end.ErrorCode)
            .With(ErrorDetails, end.ErrorDetails);
        return item.Select(attribute => (attribute.Key, attribute.Value));
    }

    /// <summary>The answer that stands for the turn among all of its answers.</summary>
    public static TurnItem Current(IReadOnlyList<TurnItem> versions) =>
        versions.Where(version => version.MayBeShown).DefaultIfEmpty().MaxBy(version => version?.Place.Version) ?? versions.MaxBy(version => version.Place.Version)!;

    public Turn ToTurn(string conversationId, int versions, Func<StoredText, string> text) => new()
    {
        JobId = Job,
        ConversationId = conversationId,
        Number = Place.Turn,
        Message = text(Question),
        Model = item.Text(AskedModel),
        Fingerprint = item.Text(Fingerprint) ?? "",
        AcceptedAt = Accepted,
        AskedAt = Asked,
        Version = Place.Version,
        Versions = Math.Max(versions, Place.Version),
        Attempt = Attempts,
        Status = State,
        StopAsked = IsStopAsked && !HasEnded,
        End = HasEnded ? ToEnd(text) : null,
    };

    private TurnEnd ToEnd(Func<StoredText, string> text) => new()
    {
        Status = State,
        Content = text(Content),
        EndedAt = item.Time(EndedAt)!.Value,
        Model = item.Text(Model),
        Usage = item.Number(InputTokens) is { } input && item.Number(OutputTokens) is { } output
            ? new Usage((int)input, (int)output, item.Text(Cost) is { } cost ? decimal.Parse(cost, CultureInfo.InvariantCulture) : null)
            : null,
        FinishReason = item.Text(FinishReason),
        ErrorCode = item.Text(ErrorCode),
        ErrorDetails = item.Text(ErrorDetails),
    };
}
