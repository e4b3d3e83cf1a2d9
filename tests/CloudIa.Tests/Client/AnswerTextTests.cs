using CloudIa.Client.Answers;
using CloudIa.Protocol;

namespace CloudIa.Tests.Client;

public class AnswerTextTests
{
    [Fact]
    public void Deltas_in_order_make_the_text()
    {
        var text = new AnswerText();

        Assert.Equal(FoldOutcome.Replaced, text.Place(1, 0, "Olá"));
        Assert.Equal(FoldOutcome.Appended, text.Place(1, 3, ", mundo"));

        Assert.Equal("Olá, mundo", text.ToString());
        Assert.Equal(new Position(1, 10), text.Position);
    }

    [Fact]
    public void A_delta_that_is_held_already_is_ignored()
    {
        var text = new AnswerText(1, "abcdef");

        Assert.Equal(FoldOutcome.Ignored, text.Place(1, 2, "cd"));
        Assert.Equal("abcdef", text.ToString());
    }

    [Fact]
    public void Of_an_overlapping_delta_only_the_new_part_is_taken()
    {
        var text = new AnswerText(1, "abcd");

        Assert.Equal(FoldOutcome.Appended, text.Place(1, 2, "cdef"));
        Assert.Equal("abcdef", text.ToString());
    }

    [Fact]
    public void A_delta_behind_a_gap_is_not_taken()
    {
        var text = new AnswerText(1, "ab");

        Assert.Equal(FoldOutcome.Gap, text.Place(1, 3, "d"));
        Assert.Equal("ab", text.ToString());
    }

    [Fact]
    public void A_higher_attempt_replaces_the_text()
    {
        var text = new AnswerText(1, "half of an ans");

        Assert.Equal(FoldOutcome.Replaced, text.Restart(2));
        Assert.Equal("", text.ToString());
        Assert.Equal(FoldOutcome.Appended, text.Place(2, 0, "anew"));
        Assert.Equal("anew", text.ToString());
    }

    [Fact]
    public void A_delta_of_a_higher_attempt_replaces_the_text_without_a_word_of_restart()
    {
        var text = new AnswerText(1, "old");

        Assert.Equal(FoldOutcome.Replaced, text.Place(2, 0, "new"));
        Assert.Equal("new", text.ToString());
    }

    [Fact]
    public void The_middle_of_a_higher_attempt_voids_the_old_text_and_is_a_gap()
    {
        var text = new AnswerText(1, "old");

        Assert.Equal(FoldOutcome.Gap, text.Place(2, 5, "new"));
        Assert.Equal(new Position(2, 0), text.Position);
    }

    [Fact]
    public void A_stale_attempt_changes_nothing()
    {
        var text = new AnswerText(2, "new");

        Assert.Equal(FoldOutcome.Ignored, text.Place(1, 3, "ghost"));
        Assert.Equal(FoldOutcome.Ignored, text.Restart(1));
        Assert.Equal(FoldOutcome.Ignored, text.Restart(2));
        Assert.Equal("new", text.ToString());
    }
}
