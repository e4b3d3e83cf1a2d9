using CloudIa.Core.Conversations;
using CsCheck;

namespace CloudIa.Tests.Core;

public class ConversationTitleTests
{
    [Theory]
    [InlineData("Olá, IA!", "Olá, IA!")]
    [InlineData("  \n\t Olá \n and more", "Olá")]
    [InlineData("one\r\ntwo", "one")]
    [InlineData("a b\rc", "a b")]
    public void The_title_is_the_first_line_that_says_something(string message, string title) =>
        Assert.Equal(title, ConversationTitle.From(message));

    [Fact]
    public void A_long_line_is_cut_at_a_word()
    {
        var title = ConversationTitle.From("What would you say is the most elegant proof of the infinitude of primes?");

        Assert.Equal("What would you say is the most elegant proof of the…", title);
    }

    [Fact]
    public void A_long_word_is_cut_where_it_must_be() =>
        Assert.Equal(new string('x', 60) + "…", ConversationTitle.From(new string('x', 100)));

    [Fact]
    public void No_title_is_longer_than_a_line_or_holds_half_a_character() =>
        Gen.OneOf(Gen.String[Gen.Char["ab \n"], 1, 3], Gen.Const("😀")).Array[0, 90].Select(string.Concat).Sample(message =>
        {
            var title = ConversationTitle.From(message);
            Assert.InRange(title.Length, 0, 61);
            Assert.DoesNotContain('\n', title);
            Assert.DoesNotContain(System.Text.Rune.ReplacementChar, title.EnumerateRunes());
        });
}
