using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests;

/// <summary>The program without a service.</summary>
public sealed class TerminalTests
{
    [Fact]
    public async Task Chat_without_a_server_says_so_and_ends_with_an_error()
    {
        using var chat = Run(["chat", "--server", $"http://127.0.0.1:{FreePorts.Next()}"], "anybody?\n");

        Assert.NotEqual(0, await chat.Exit(TimeSpan.FromMinutes(3)));
        Assert.False(string.IsNullOrWhiteSpace(chat.Errors), chat.Tail());
        Assert.DoesNotContain("   at ", chat.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("serve", "--help")]
    [InlineData("chat", "--help")]
    [InlineData("dead-letters", "--help")]
    [InlineData("dead-letters", "redrive", "--help")]
    public async Task Every_command_explains_itself(params string[] arguments)
    {
        using var program = Run(arguments, "");

        Assert.Equal(0, await program.Exit());
        Assert.Contains("Usage", program.Output, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("dance")]
    [InlineData("serve", "--port", "many")]
    [InlineData("serve", "--port", "70000")]
    [InlineData("serve", "--role", "spectator")]
    [InlineData("chat", "--server", "localhost")]
    [InlineData("dead-letters")]
    [InlineData("dead-letters", "dance")]
    [InlineData("dead-letters", "show")]
    [InlineData("dead-letters", "redrive")]
    [InlineData("dead-letters", "redrive", "1", "--all")]
    [InlineData("dead-letters", "discard")]
    [InlineData("dead-letters", "list", "--limit", "0")]
    public async Task A_wrong_command_line_is_refused_on_stderr_with_an_exit_code(params string[] arguments)
    {
        using var program = Run(arguments, "");

        Assert.Equal(64, await program.Exit());
        Assert.False(string.IsNullOrWhiteSpace(program.Errors), program.Tail());
        Assert.DoesNotContain("   at ", program.Errors, StringComparison.Ordinal);
    }

    private static ChildProcess Run(string[] arguments, string input) => Repository.Run(arguments, new CloudiaSettings(), input);
}
