using CloudIa.Protocol;
using static CloudIa.EndToEnd.Tests.History.SampleHistory;

namespace CloudIa.EndToEnd.Tests.History;

/// <summary>A checker that cannot fail proves nothing: it passes the sound history and fails on each known bug.</summary>
public sealed class InvariantsTests
{
    [Fact]
    public void A_sound_history_breaks_nothing() => Assert.Empty(Invariants.Check(Sound()));

    [Fact]
    public void A_receipt_whose_job_is_gone_breaks_A() =>
        Fails('A', "had its 202 and is not there", Sound() with { Ends = Without("b1") });

    [Fact]
    public void A_job_that_stays_running_breaks_A() =>
        Fails('A', "stays Running", Ending("b1", end => end with { Status = JobStatus.Running }));

    [Fact]
    public void A_second_answer_in_a_turn_breaks_B() =>
        Fails('B', "has 2 answers", Storing("ann", messages => [.. messages, Answered("a1", 1, 2, "c2 one two")]));

    [Fact]
    public void A_turn_without_an_answer_breaks_B() =>
        Fails('B', "has 0 answers", Storing("bob", messages => [messages[0]]));

    [Fact]
    public void A_gap_in_the_turns_breaks_B() =>
        Fails('B', "turn 3 of ca stands where 2 was due", Storing("ann", messages =>
            [.. messages.Select(message => message.Turn == 2 ? message with { Turn = 3 } : message)]));

    [Fact]
    public void A_message_that_still_waits_when_all_is_over_breaks_B() =>
        Fails('B', "turn null", Storing("bob", messages => [.. messages, Asked("b2", null, "late, bob-3c")]));

    [Fact]
    public void A_message_posted_again_with_its_key_and_kept_twice_breaks_B() =>
        Fails('B', "is there 2 times", Storing("ann", messages =>
            [.. messages, Asked("a9", 3, "first of ann-7f"), Answered("a9", 3, 1, "c2 one two")]));

    [Fact]
    public void Two_jobs_in_one_turn_break_B() =>
        Fails('B', "is of two jobs", Storing("ann", messages =>
            [.. messages.Select(message => message.Turn == 2 && message.Role == MessageRole.User ? message with { JobId = "a7" } : message)]));

    [Fact]
    public void A_dropped_delta_breaks_C() =>
        Fails('C', "where 1-6 was due", Seeing(Delta("ann", 1, "a1", 1, 8, "wo"), after: 3));

    [Fact]
    public void A_delta_that_comes_twice_breaks_C() =>
        Fails('C', "a delta at 1-3", Seeing(Delta("ann", 1, "a1", 1, 3, "one"), after: 3));

    [Fact]
    public void Going_on_elsewhere_than_asked_breaks_C() =>
        Fails('C', "or 1-6 was due", Seeing(Delta("ann", 2, "a1", 1, 2, " one"), after: 5));

    [Fact]
    public void A_new_attempt_that_begins_in_the_middle_breaks_C() =>
        Fails('C', "a delta at 3-4", Seeing(Delta("ann", 1, "a1", 3, 4, "x"), after: 3));

    [Fact]
    public void A_delta_of_an_attempt_that_was_given_up_breaks_C() =>
        Fails('C', "where 2-0 was due", Seeing(Delta("ann", 2, "a1", 1, 6, " two"), after: 7));

    [Fact]
    public void Shown_text_that_is_not_the_stored_text_breaks_C() =>
        Fails('C', "is not what is stored", Replacing(8, Delta("ann", 2, "a1", 2, 0, "c1 one ")));

    [Fact]
    public void An_answer_spliced_of_two_attempts_breaks_C() =>
        Fails('C', "no whole reply", Storing("ann", messages =>
            [.. messages.Select(message => message.JobId == "a1" && message.Role == MessageRole.Assistant ? message with { Content = "c1 one two, two" } : message)]));

    [Fact]
    public void A_truncated_answer_breaks_C() =>
        Fails('C', "no whole reply", Storing("bob", messages => [messages[0], messages[1] with { Content = "c4" }]));

    [Fact]
    public void Two_connections_that_read_different_text_at_one_place_break_C() =>
        Fails('C', "'TWO'", Seeing(Delta("ann", 3, "a1", 1, 3, "TWO"), after: 3));

    [Fact]
    public void Two_deltas_that_change_places_break_C() =>
        Fails('C', "a delta at 2-7", Swapping(8, 9));

    [Fact]
    public void Text_that_comes_again_behind_the_newcomers_breaks_C() =>
        Fails('C', "a delta at 2-3", Seeing([new Resumed("ann", 4, new ResumePoint("a1", 2, 3)), Delta("ann", 4, "a1", 2, 0, "c2 one "), Delta("ann", 4, "a1", 2, 3, "one ")], after: 9));

    [Fact]
    public void A_place_ahead_that_was_asked_for_is_gone_on_from_behind_what_newcomers_are_told() =>
        Assert.Empty(Invariants.Check(Seeing([new Resumed("ann", 4, new ResumePoint("a1", 2, 7), Invented: true), Delta("ann", 4, "a1", 2, 0, "c2 "), Delta("ann", 4, "a1", 2, 7, "two")], after: 9)));

    [Fact]
    public void A_place_ahead_that_nobody_asked_for_breaks_C() =>
        Fails('C', "a delta at 2-7", Seeing([new Resumed("ann", 4, new ResumePoint("a1", 2, 9), Invented: true), Delta("ann", 4, "a1", 2, 0, "c2 "), Delta("ann", 4, "a1", 2, 7, "two")], after: 9));

    [Fact]
    public void A_restart_of_the_attempt_that_is_held_breaks_C() =>
        Fails('C', "a restart of attempt 2", Seeing([new Resumed("ann", 4, new ResumePoint("a1", 2, 0)), Restarted(4, 2, "retry")], after: 8));

    [Fact]
    public void A_place_that_was_held_and_is_said_not_to_exist_breaks_C() =>
        Fails('C', "for position_unknown", Seeing([new Resumed("ann", 4, new ResumePoint("a1", 2, 7)), Restarted(4, 2, "position_unknown")], after: 8));

    [Fact]
    public void A_place_that_was_made_up_may_be_said_not_to_exist() =>
        Assert.Empty(Invariants.Check(Seeing([new Resumed("ann", 4, new ResumePoint("a1", 7, 70), Invented: true), Restarted(4, 2, "position_unknown"), Delta("ann", 4, "a1", 2, 0, "c2 one ")], after: 8)));

    [Fact]
    public void A_poll_that_shows_other_text_breaks_C() =>
        Fails('C', "a poll showed 'c2 two'", Seeing(new Polled("ann", End("a1", "ca", 1, 2, "c2 two") with { Status = JobStatus.Running }), after: 9));

    [Theory]
    [InlineData("c2 one ")]
    [InlineData("c2 one twotwo")]
    [InlineData("c2 two one")]
    public void A_reader_that_ends_with_a_part_missing_twice_or_swapped_breaks_C(string text) =>
        Fails('C', "a reader ended with", Seeing(new Showed("ann", "a1", text), after: 10));

    [Fact]
    public void A_second_commit_breaks_D() =>
        Fails('D', "ended in 2 ways", Seeing(Completed("ann", 2, "a1", 1, 3, "c9 other"), after: 10));

    [Fact]
    public void An_end_that_was_told_and_is_stored_otherwise_breaks_D() =>
        Fails('D', "ended in 2 ways", Ending("a2", end => end with { Content = "c9 other", Attempt = 2 }));

    [Fact]
    public void A_model_call_after_the_end_breaks_D() =>
        Fails('D', "the model was called again", Seeing(new ModelCalled("first of ann-7f", "c9 other"), after: 10));

    [Fact]
    public void An_attempt_that_begins_after_the_end_breaks_D() =>
        Fails('D', "attempt 3 began", Seeing(
            new Heard("ann", 2, new MessageRestarted { JobId = "a1", ConversationId = "ca", Attempt = 3, Reason = "worker_lost" }),
            after: 10));

    [Fact]
    public void An_event_of_another_owners_job_breaks_F() =>
        Fails('F', "which is ann's", Seeing(Delta("bob", 3, "a1", 1, 0, "c1 "), after: 3));

    [Fact]
    public void Another_owners_words_in_a_frame_break_F() =>
        Fails('F', "received what is ann's", Seeing(Delta("bob", 3, "b1", 1, 0, "ann-7f"), after: 3));

    [Fact]
    public void Another_owners_words_in_the_history_break_F() =>
        Fails('F', "holds what is ann's", Storing("bob", messages => [messages[0], messages[1] with { Content = "to ann-7f" }]));

    private static void Fails(char invariant, string because, ChatHistory history) =>
        Assert.Contains(
            Invariants.Check(history),
            violation => violation.Invariant == invariant && violation.Seen.Contains(because, StringComparison.Ordinal));

    private static Heard Restarted(int connection, int attempt, string reason) =>
        new("ann", connection, new MessageRestarted { JobId = "a1", ConversationId = "ca", Attempt = attempt, Reason = reason });

    private static ChatHistory Seeing(Observation more, int after) => Seeing([more], after);

    private static ChatHistory Seeing(IReadOnlyList<Observation> more, int after)
    {
        var sound = Sound();
        return sound with { Observations = [.. sound.Observations.Take(after + 1), .. more, .. sound.Observations.Skip(after + 1)] };
    }

    private static ChatHistory Swapping(int one, int other)
    {
        var sound = Sound();
        var observations = sound.Observations.ToList();
        (observations[one], observations[other]) = (observations[other], observations[one]);
        return sound with { Observations = observations };
    }

    private static ChatHistory Replacing(int place, Observation by)
    {
        var sound = Sound();
        return sound with { Observations = [.. sound.Observations.Take(place), by, .. sound.Observations.Skip(place + 1)] };
    }

    private static ChatHistory Storing(string owner, Func<IReadOnlyList<MessageView>, IReadOnlyList<MessageView>> change)
    {
        var sound = Sound();
        return sound with
        {
            Stored = [.. sound.Stored.Select(stored => stored.Owner == owner ? stored with { Messages = change(stored.Messages) } : stored)],
        };
    }

    private static ChatHistory Ending(string job, Func<JobView, JobView> change)
    {
        var sound = Sound();
        return sound with { Ends = new Dictionary<string, JobView>(sound.Ends) { [job] = change(sound.Ends[job]) } };
    }

    private static Dictionary<string, JobView> Without(string job)
    {
        var ends = new Dictionary<string, JobView>(Sound().Ends);
        ends.Remove(job);
        return ends;
    }
}
