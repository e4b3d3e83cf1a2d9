using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Http;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Tests.Gateway;

public class CursorsTests
{
    [Fact]
    public void A_list_cursor_is_read_as_the_place_it_was_made_of() =>
        Gen.Select(Gen.Long[0, 4_102_444_800_000], Gen.String[Gen.Char["0123456789abcdef.-_"], 1, 64]).Sample((milliseconds, conversation) =>
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
            Assert.Equal(new ListPlace(at, conversation), ListCursor.Parse(ListCursor.Format(new Conversation(conversation, "title", at, at, 1))));
        });

    [Fact]
    public void A_cursor_of_a_sweep_is_read_as_the_place_it_was_made_of() =>
        Gen.Select(Gen.Long[0, 4_102_444_800_000], Gen.String[Gen.Char["0123456789abcdef.-_"], 1, 64]).Sample((milliseconds, letter) =>
        {
            var sweep = new LetterSweep(letter, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));
            Assert.Equal(sweep, SweepCursor.Parse(SweepCursor.Format(sweep)));
        });

    [Fact]
    public void Without_a_cursor_reading_begins_at_the_top()
    {
        Assert.Null(ListCursor.Parse(null));
        Assert.Null(MessageCursor.Parse(null));
        Assert.Null(SweepCursor.Parse(null));
        Assert.Null(SweepCursor.Format(null));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("12")]
    [InlineData(".conversation")]
    [InlineData("-1.conversation")]
    [InlineData("x.conversation")]
    [InlineData("9223372036854775807.conversation")]
    [InlineData("99999999999999999999.conversation")]
    public void A_list_cursor_that_was_never_given_is_refused(string cursor)
    {
        AssertRefused(() => ListCursor.Parse(cursor));
        AssertRefused(() => SweepCursor.Parse(cursor));
    }

    [Theory]
    [InlineData(MessageRole.Assistant, 12, 13, true)]
    [InlineData(MessageRole.User, 12, 12, false)]
    [InlineData(MessageRole.User, 1, 1, false)]
    [InlineData(MessageRole.User, null, null, false)]
    public void A_message_cursor_goes_on_after_the_last_message_of_a_page(MessageRole role, int? turn, int? before, bool userOnly)
    {
        var last = new MessageView
        {
            Turn = turn,
            JobId = "job",
            Role = role,
            Content = "",
            Status = JobStatus.Completed,
            CreatedAt = default,
        };

        Assert.Equal(new MessageCursor.Place(before, userOnly), MessageCursor.Parse(MessageCursor.After(last)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("u")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1uu")]
    [InlineData("pu")]
    [InlineData("2147483647")]
    [InlineData("2147483647u")]
    [InlineData("99999999999")]
    public void A_message_cursor_that_was_never_given_is_refused(string cursor) => AssertRefused(() => MessageCursor.Parse(cursor));

    private static void AssertRefused(Func<object?> parse) =>
        Assert.Equal(ErrorCode.CursorInvalid, Assert.Throws<RequestRefusedException>(parse).Code);
}
