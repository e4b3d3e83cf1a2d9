using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>
/// A history without fault, small enough to read: ann posts two messages into one conversation and her server
/// dies in the first answer; bob posts one.
/// </summary>
internal static class SampleHistory
{
    public static readonly IReadOnlyDictionary<string, string> Marks =
        new Dictionary<string, string> { ["ann"] = "ann-7f", ["bob"] = "bob-3c" };

    public static ChatHistory Sound() => new()
    {
        Marks = Marks,
        Receipts =
        [
            new("ann", "a1", "ca", "first of ann-7f"),
            new("ann", "a2", "ca", "second of ann-7f"),
            new("bob", "b1", "cb", "only of bob-3c"),
        ],
        Observations =
        [
            new Opened("ann", 1),
            new ModelCalled("first of ann-7f", "c1 one two"),
            Delta("ann", 1, "a1", 1, 0, "c1 "),
            Delta("ann", 1, "a1", 1, 3, "one"),

            // The server dies and comes back.
            new Opened("ann", 2),
            new Resumed("ann", 2, new ResumePoint("a1", 1, 6)),
            new ModelCalled("first of ann-7f", "c2 one two"),
            new Heard("ann", 2, new MessageRestarted { JobId = "a1", ConversationId = "ca", Attempt = 2, Reason = "worker_lost" }),
            Delta("ann", 2, "a1", 2, 0, "c2 one "),
            Delta("ann", 2, "a1", 2, 7, "two"),
            Completed("ann", 2, "a1", 1, 2, "c2 one two"),
            new ModelCalled("second of ann-7f", "c3 three"),
            Delta("ann", 2, "a2", 1, 0, "c3 three"),
            Completed("ann", 2, "a2", 2, 1, "c3 three"),
            new ModelCalled("only of bob-3c", "c4 four"),
        ],
        Ends = new Dictionary<string, JobView>
        {
            ["a1"] = End("a1", "ca", 1, 2, "c2 one two"),
            ["a2"] = End("a2", "ca", 2, 1, "c3 three"),
            ["b1"] = End("b1", "cb", 1, 1, "c4 four"),
        },
        Stored =
        [
            new("ann", "ca",
            [
                Asked("a1", 1, "first of ann-7f"), Answered("a1", 1, 2, "c2 one two"),
                Asked("a2", 2, "second of ann-7f"), Answered("a2", 2, 1, "c3 three"),
            ]),
            new("bob", "cb", [Asked("b1", 1, "only of bob-3c"), Answered("b1", 1, 1, "c4 four")]),
        ],
    };

    public static Heard Delta(string owner, int connection, string job, int attempt, int offset, string text) =>
        new(owner, connection, new MessageDelta
        {
            JobId = job,
            ConversationId = "c" + job[0],
            Attempt = attempt,
            Offset = offset,
            Delta = text,
        });

    public static Heard Completed(string owner, int connection, string job, int turn, int attempt, string text) =>
        new(owner, connection, new MessageCompleted
        {
            JobId = job,
            ConversationId = "c" + job[0],
            Turn = turn,
            Attempt = attempt,
            Content = text,
            Metadata = new AnswerMetadata
            {
                Model = "tested",
                Tokens = 2,
                InputTokens = 1,
                OutputTokens = 1,
                Attempts = attempt,
                DurationMs = 1,
                FinishReason = "stop",
            },
        });

    public static JobView End(string job, string conversation, int turn, int attempt, string content) => new()
    {
        JobId = job,
        ConversationId = conversation,
        Turn = turn,
        Status = JobStatus.Completed,
        Attempt = attempt,
        Content = content,
    };

    public static MessageView Asked(string job, int? turn, string content) => new()
    {
        JobId = job,
        Turn = turn,
        Role = MessageRole.User,
        Content = content,
        Status = JobStatus.Completed,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    public static MessageView Answered(string job, int? turn, int attempt, string content) =>
        Asked(job, turn, content) with { Role = MessageRole.Assistant, Attempt = attempt };
}
