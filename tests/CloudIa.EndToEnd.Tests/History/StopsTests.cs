using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>The judge of stops passes a sound history and fails on each known bug.</summary>
public sealed class StopsTests
{
    private static readonly Usage Spent = new(3, 2);

    [Fact]
    public void A_sound_history_breaks_nothing() => Assert.Empty(Invariants.Check(Sound()));

    [Fact]
    public void A_call_that_is_never_closed_breaks_S() =>
        Fails("is open still", Calling(1, call => call with { State = ModelCallState.Streaming, Closed = null }));

    [Fact]
    public void A_call_that_is_closed_too_late_breaks_S() =>
        Fails("its call was closed 00:00:01.1000000 after it", Calling(1, call => call with { Closed = At(6.1) }));

    [Fact]
    public void A_call_that_goes_on_to_its_end_after_the_stop_was_stored_breaks_S() =>
        Fails("kept a text that no call gave", Calling(1, call => call with { WholeReply = "another text" }));

    [Fact]
    public void A_call_after_the_stop_breaks_S() =>
        Fails("a call was opened", Sound() with { Calls = [.. Sound().Calls, new("two", "one two three", ModelCallState.Ended, At(7), At(7.5))] });

    [Fact]
    public void A_call_for_a_message_that_was_stopped_while_it_waited_breaks_S() =>
        Fails("and the model was called", Sound() with { Calls = [.. Sound().Calls, new("three", "x", ModelCallState.Abandoned, At(8), At(8.1))] });

    [Fact]
    public void An_answer_that_completed_without_a_whole_call_breaks_S() =>
        Fails("completed with a text that no call gave in full", Calling(0, call => call with { WholeReply = "longer than that" }));

    [Fact]
    public void A_stop_that_ends_as_a_failure_breaks_S() =>
        Fails("it ended as Failed", Ending("s2", end => end with { Status = JobStatus.Failed }));

    [Fact]
    public void A_socket_that_never_hears_the_end_breaks_S() =>
        Fails("connection 2 never heard its end", Sound() with
        {
            Observations = [.. Sound().Observations.Where(seen => seen is not Heard { Connection: 2, Event: MessageStopped { JobId: "s2" } })],
        });

    [Fact]
    public void Kept_text_without_usage_breaks_S() =>
        Fails("its text has no usage", Ending("s2", end => end with { Usage = null }));

    [Fact]
    public void Usage_that_is_told_twice_over_breaks_S() =>
        Fails("heard of other usage than is stored", Ending("s2", end => end with { Usage = new Usage(6, 4) }));

    [Fact]
    public void Usage_of_a_message_that_only_waited_breaks_S() =>
        Fails("it waited, and has usage", Ending("s3", end => end with { Usage = new Usage(0, 0) }));

    [Fact]
    public void A_winner_on_which_store_and_socket_do_not_agree_breaks_D() =>
        Assert.Contains(
            Invariants.Check(Ending("s2", end => end with { Status = JobStatus.Completed, Content = "one two three" })),
            violation => violation.Invariant == 'D' && violation.Seen.Contains("ended in 2 ways", StringComparison.Ordinal));

    [Fact]
    public void A_stopped_message_that_the_history_does_not_show_breaks_B() =>
        Assert.Contains(
            Invariants.Check(Sound() with { Stored = [new("ann", "c", [.. Sound().Stored[0].Messages.Where(message => message.JobId != "s3")])] }),
            violation => violation.Invariant == 'B' && violation.Seen.Contains("job s3 has 0 turns", StringComparison.Ordinal));

    /// <summary>One answer that was faster than its stop, one that was stopped in its stream, and one that waited.</summary>
    private static ChatHistory Sound() => new()
    {
        Marks = new Dictionary<string, string> { ["ann"] = "ann" },
        Receipts = [new("ann", "s1", "c", "one"), new("ann", "s2", "c", "two"), new("ann", "s3", "c", "three")],
        Observations =
        [
            new Opened("ann", 1),
            new Opened("ann", 2),
            .. Both(new MessageCompleted { JobId = "s1", ConversationId = "c", Turn = 1, Attempt = 1, Content = "whole", Metadata = Metadata }),
            .. Both(new MessageStopped { JobId = "s3", ConversationId = "c", Turn = 3, Attempt = 0, Content = "" }),
            .. Both(new MessageStopped { JobId = "s2", ConversationId = "c", Turn = 2, Attempt = 1, Content = "one two ", Metadata = Metadata }),
        ],
        Ends = new Dictionary<string, JobView>
        {
            ["s1"] = View("s1", 1, 1, JobStatus.Completed, "whole", Spent),
            ["s2"] = View("s2", 2, 1, JobStatus.Cancelled, "one two ", Spent),
            ["s3"] = View("s3", 3, 0, JobStatus.Cancelled, "", null),
        },
        Stored = [new("ann", "c", [.. Turn("s1", 1, 1, "one", JobStatus.Completed, "whole"), .. Turn("s2", 2, 1, "two", JobStatus.Cancelled, "one two "), .. Turn("s3", 3, 0, "three", JobStatus.Cancelled, "")])],
        Stops = [new("s1", At(2)), new("s2", At(5)), new("s3", At(5))],
        Calls =
        [
            new("one", "whole", ModelCallState.Ended, At(1), At(2.1)),
            new("two", "one two three", ModelCallState.Abandoned, At(4), At(5.9)),
        ],
    };

    private static AnswerMetadata Metadata { get; } = new()
    {
        Model = "tested",
        Tokens = 5,
        InputTokens = Spent.InputTokens,
        OutputTokens = Spent.OutputTokens,
        Attempts = 1,
        DurationMs = 1,
        FinishReason = "stopped",
    };

    private static void Fails(string because, ChatHistory history) =>
        Assert.Contains(Invariants.Check(history), violation => violation.Invariant == 'S' && violation.Seen.Contains(because, StringComparison.Ordinal));

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private static IEnumerable<Observation> Both(JobEvent end) => [new Heard("ann", 1, end), new Heard("ann", 2, end)];

    private static JobView View(string job, int turn, int attempt, JobStatus status, string content, Usage? usage) =>
        new() { JobId = job, ConversationId = "c", Turn = turn, Attempt = attempt, Status = status, Content = content, Usage = usage };

    private static MessageView[] Turn(string job, int turn, int attempt, string asked, JobStatus status, string content)
    {
        var question = new MessageView { JobId = job, Turn = turn, Role = MessageRole.User, Content = asked, Status = status, CreatedAt = DateTimeOffset.UnixEpoch };
        return [question, question with { Role = MessageRole.Assistant, Content = content, Attempt = attempt }];
    }

    private static ChatHistory Calling(int number, Func<LoggedCall, LoggedCall> change)
    {
        var sound = Sound();
        return sound with { Calls = [.. sound.Calls.Select((call, index) => index == number ? change(call) : call)] };
    }

    private static ChatHistory Ending(string job, Func<JobView, JobView> change)
    {
        var sound = Sound();
        return sound with { Ends = new Dictionary<string, JobView>(sound.Ends) { [job] = change(sound.Ends[job]) } };
    }
}
