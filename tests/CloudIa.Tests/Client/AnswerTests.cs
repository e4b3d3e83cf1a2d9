using CloudIa.Client.Answers;
using CloudIa.Protocol;

namespace CloudIa.Tests.Client;

public class AnswerTests
{
    private readonly Answer _answer = new("job", "conversation");

    [Fact]
    public void The_completed_content_is_the_text_whatever_was_held()
    {
        _answer.Apply(Delta(1, 0, "par"));

        Assert.Equal(FoldOutcome.Ended, _answer.Apply(Completed(2, "the whole")));

        Assert.Equal("the whole", _answer.Text);
        Assert.Equal(JobStatus.Completed, _answer.State.Status);
        Assert.Equal(FoldOutcome.Ignored, _answer.Apply(Delta(3, 0, "late")));
        Assert.Equal("the whole", _answer.Text);
    }

    [Fact]
    public void A_stopped_answer_keeps_what_the_service_kept()
    {
        _answer.Apply(Delta(1, 0, "more than was stored"));

        _answer.Apply(new MessageStopped { JobId = "job", ConversationId = "conversation", Turn = 1, Attempt = 1, Content = "more than" });

        Assert.Equal("more than", _answer.Text);
        Assert.Equal(JobStatus.Cancelled, _answer.State.Status);
    }

    [Fact]
    public void A_failure_that_waits_is_noted_and_goes_when_text_comes()
    {
        Assert.Equal(FoldOutcome.Noted, _answer.Apply(Error(final: false)));
        Assert.Equal(JobStatus.Deferred, _answer.State.Status);
        Assert.Equal(ErrorCode.ModelOverloaded, _answer.State.Error?.Code);

        _answer.Apply(Delta(2, 0, "at last"));

        Assert.Equal(JobStatus.Running, _answer.State.Status);
        Assert.Null(_answer.State.Error);
    }

    [Fact]
    public void A_final_failure_ends_the_answer()
    {
        Assert.Equal(FoldOutcome.Ended, _answer.Apply(Error(final: true)));
        Assert.Equal(JobStatus.Failed, _answer.State.Status);
    }

    [Fact]
    public void A_failed_answer_goes_on_with_a_higher_attempt_and_with_no_other()
    {
        _answer.Apply(Started(5));
        _answer.Apply(Delta(5, 0, "void"));
        _answer.Apply(Error(final: true) with { Attempt = 5 });
        foreach (ServerEvent late in (ServerEvent[])[Started(5), Delta(5, 4, "late"), Restarted(4), Restarted(5), Error(final: false) with { Attempt = 5 }, Error(final: false), Completed(5, "late")])
            Assert.Equal(FoldOutcome.Ignored, _answer.Apply(late));
        Assert.Equal(JobStatus.Failed, _answer.State.Status);

        Assert.Equal(FoldOutcome.Replaced, _answer.Apply(Restarted(6)));
        Assert.Equal((JobStatus.Running, "", null), (_answer.State.Status, _answer.Text, _answer.State.Error));
        _answer.Apply(Started(6));
        _answer.Apply(Delta(6, 0, "at last"));
        Assert.Equal(FoldOutcome.Ended, _answer.Apply(Completed(6, "at last")));
        Assert.Equal((JobStatus.Completed, "at last"), (_answer.State.Status, _answer.Text));
        Assert.Equal(FoldOutcome.Ignored, _answer.Apply(Started(7)));
    }

    [Fact]
    public void A_failed_answer_that_goes_on_may_fail_again()
    {
        _answer.Apply(Error(final: true) with { Attempt = 5 });
        _answer.Apply(Delta(6, 0, "half"));
        Assert.Equal(FoldOutcome.Noted, _answer.Apply(Error(final: false) with { Attempt = 6 }));
        Assert.Equal(FoldOutcome.Ended, _answer.Apply(Error(final: true) with { Attempt = 6 }));

        Assert.Equal(FoldOutcome.Ignored, _answer.Apply(Delta(6, 4, " late")));
        Assert.Equal(FoldOutcome.Ended, _answer.Apply(Completed(7, "at last")));
    }

    [Fact]
    public void An_answer_whose_failure_names_no_attempt_does_not_go_on()
    {
        _answer.Apply(Started(1));
        _answer.Apply(Error(final: true) with { Code = ErrorCode.ConversationDeleted });

        Assert.Equal(FoldOutcome.Ignored, _answer.Apply(Started(2)));
    }

    [Fact]
    public void A_failure_of_the_history_goes_on_as_one_that_was_heard()
    {
        var failed = Read(JobStatus.Failed, 5, "");
        Assert.False(Read(JobStatus.Failed, 5, "").GoesOnFrom(failed));
        Assert.False(Read(JobStatus.Running, 5, "stale").GoesOnFrom(failed));
        Assert.True(Read(JobStatus.Running, 6, "at").GoesOnFrom(failed));
        Assert.True(Read(JobStatus.Failed, 6, "").GoesOnFrom(failed));
        Assert.False(Read(JobStatus.Completed, 6, "other").GoesOnFrom(Read(JobStatus.Completed, 5, "an end that stays")));

        Assert.Equal(FoldOutcome.Ignored, failed.Apply(Started(5)));
        Assert.Equal(FoldOutcome.Noted, failed.Apply(Started(6)));
        Assert.Equal(JobStatus.Running, failed.State.Status);
    }

    [Fact]
    public void An_unknown_position_empties_the_text_even_for_an_older_attempt()
    {
        _answer.Apply(Delta(3, 0, "from a store that was set back"));

        var outcome = _answer.Apply(new MessageRestarted
        {
            JobId = "job",
            ConversationId = "conversation",
            Attempt = 1,
            Reason = "position_unknown",
        });

        Assert.Equal(FoldOutcome.Replaced, outcome);
        Assert.Equal(new Position(1, 0), _answer.Position);
    }

    [Fact]
    public void A_running_message_of_the_history_goes_on_from_its_text()
    {
        var answer = Read(JobStatus.Running, 2, "so far");

        Assert.Equal(FoldOutcome.Appended, answer.Apply(Delta(2, 6, " and on")));
        Assert.Equal("so far and on", answer.Text);
    }

    [Fact]
    public void A_regeneration_says_which_version_it_is_and_keeps_it_to_its_end()
    {
        _answer.Apply(new MessageStarted { JobId = "job", ConversationId = "conversation", Turn = 4, Attempt = 1, Model = "m", Version = 3 });
        Assert.Equal(3, _answer.State.Version);

        _answer.Apply(Completed(1, "again"));

        Assert.Equal(3, _answer.State.Version);
    }

    [Fact]
    public void The_deletion_of_its_conversation_ends_an_answer()
    {
        var outcome = _answer.Apply(Error(final: true) with { Code = ErrorCode.ConversationDeleted });

        Assert.Equal(FoldOutcome.Ended, outcome);
        Assert.Equal(ErrorCode.ConversationDeleted, _answer.State.Error?.Code);
    }

    [Fact]
    public void Events_of_another_job_are_ignored()
    {
        Assert.Equal(FoldOutcome.Ignored, _answer.Apply(Delta(1, 0, "x") with { JobId = "other" }));
        Assert.Equal("", _answer.Text);
    }

    private static Answer Read(JobStatus status, int attempt, string content) => new("conversation", new MessageView
    {
        JobId = "job",
        Role = MessageRole.Assistant,
        Content = content,
        Status = status,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Attempt = attempt,
    });

    private static MessageStarted Started(int attempt) =>
        new() { JobId = "job", ConversationId = "conversation", Turn = 1, Attempt = attempt, Model = "m" };

    private static MessageRestarted Restarted(int attempt) =>
        new() { JobId = "job", ConversationId = "conversation", Attempt = attempt, Reason = "retry" };

    private static MessageDelta Delta(int attempt, int offset, string delta) =>
        new() { JobId = "job", ConversationId = "conversation", Attempt = attempt, Offset = offset, Delta = delta };

    private static ErrorEvent Error(bool final) => new()
    {
        JobId = "job",
        Code = ErrorCode.ModelOverloaded,
        Message = "busy",
        Retryable = true,
        Final = final,
    };

    private static MessageCompleted Completed(int attempt, string content) => new()
    {
        JobId = "job",
        ConversationId = "conversation",
        Turn = 1,
        Attempt = attempt,
        Content = content,
        Metadata = new AnswerMetadata
        {
            Model = "demo",
            Tokens = 3,
            InputTokens = 1,
            OutputTokens = 2,
            Attempts = attempt,
            DurationMs = 5,
            FinishReason = "stop",
        },
    };
}
