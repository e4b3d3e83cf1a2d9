using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>A 202 that a client got.</summary>
internal sealed record Receipt(string Owner, string JobId, string ConversationId, string Message);

/// <summary>Something that happened while the system ran, in the order in which it was seen.</summary>
internal abstract record Observation;

/// <summary>A socket began to open.</summary>
internal sealed record Opened(string Owner, int Connection) : Observation;

/// <summary>A socket, or an event stream, was asked to go on with an answer.</summary>
/// <param name="Invented">The place is not one that the client holds; it may not exist.</param>
internal sealed record Resumed(string Owner, int Connection, ResumePoint Point, bool Invented = false) : Observation;

/// <summary>A socket, or an event stream, received an event.</summary>
internal sealed record Heard(string Owner, int Connection, ServerEvent Event) : Observation;

/// <summary>Somebody asked where a job stands.</summary>
internal sealed record Polled(string Owner, JobView View) : Observation;

/// <summary>What a reader shows of an answer when it has heard the answer's end.</summary>
internal sealed record Showed(string Owner, string JobId, string Text) : Observation;

/// <summary>The model was called; what it would answer in full is different for each call.</summary>
internal sealed record ModelCalled(string Asked, string WholeReply) : Observation;

/// <summary>A client asked for a stop, at a time of the run.</summary>
internal sealed record StopRequest(string JobId, TimeSpan At);

/// <summary>A call as the model server's log has it. <see cref="Closed"/>: null where it streams still.</summary>
internal sealed record LoggedCall(string Asked, string WholeReply, ModelCallState State, TimeSpan Opened, TimeSpan? Closed)
{
    /// <summary>It was meant to give an error, or only a part of an answer.</summary>
    public bool Broken { get; init; }

    public static LoggedCall Of(ModelCall call) => new(call.Asked, call.Reply!.Text, call.State, call.Opened, call.Closed)
    {
        Broken = call.Reply.Status != 200 || call.Reply.Ending != ReplyEnding.Whole,
    };
}

/// <summary>A conversation as it is stored when all is over, the oldest turn first.</summary>
internal sealed record StoredConversation(string Owner, string ConversationId, IReadOnlyList<MessageView> Messages);

/// <summary>What was seen of a system from outside, to be judged by <see cref="Invariants"/>.</summary>
internal sealed record ChatHistory
{
    /// <summary>Each owner's mark: a text that stands in all that is theirs and in nothing else.</summary>
    public IReadOnlyDictionary<string, string> Marks { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<Receipt> Receipts { get; init; } = [];

    public IReadOnlyList<Observation> Observations { get; init; } = [];

    /// <summary>By job: what its owner read in the end.</summary>
    public IReadOnlyDictionary<string, JobView> Ends { get; init; } = new Dictionary<string, JobView>();

    public IReadOnlyList<StoredConversation> Stored { get; init; } = [];

    public IReadOnlyList<StopRequest> Stops { get; init; } = [];

    /// <summary>The model server's log.</summary>
    public IReadOnlyList<LoggedCall> Calls { get; init; } = [];

    /// <summary>How often the model may be called for one message.</summary>
    public int MostCalls { get; init; } = int.MaxValue;

    /// <summary>How long after a stop the model may still be read from.</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(1);
}
