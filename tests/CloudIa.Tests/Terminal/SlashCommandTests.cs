using CloudIa.Chat;

namespace CloudIa.Tests.Terminal;

public class SlashCommandTests
{
    [Theory]
    [InlineData("/list", "list", "")]
    [InlineData("/list blue whales ", "list", "blue whales")]
    [InlineData("/RENAME  My talk", "rename", "My talk")]
    [InlineData("/", "", "")]
    public void A_line_that_begins_with_a_slash_is_a_command(string line, string name, string argument) =>
        Assert.Equal(new SlashCommand(name, argument), SlashCommand.Parse(line));

    [Theory]
    [InlineData("hello")]
    [InlineData(" /etc/hosts, what is it?")]
    public void Every_other_line_is_a_message(string line) => Assert.Null(SlashCommand.Parse(line));
}
