using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests;

/// <summary>The program as a client, in a pipe.</summary>
public abstract class ChatTests(Backend backend)
{
    [Fact]
    public async Task Chat_answers_what_is_piped_into_it_and_ends_with_0()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"The answer to {call.Asked}"));
        await using var server = await backend.StartAsync(model);

        using var chat = Run(["chat", "--server", server.Address.AbsoluteUri], "the only question\n");
        var code = await chat.Exit();

        Assert.True(code == 0, chat.Tail());
        Assert.Contains("The answer to the only question", chat.Output, StringComparison.Ordinal);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task Chat_goes_on_with_its_answer_when_the_server_is_killed_and_comes_back()
    {
        await using var model = await FaultyModel.Start(call => call.Number == 1
            ? ModelReply.Words("The beginning of nothing") with { GateAfter = 2, Gate = ModelReply.Never }
            : ModelReply.Words("The whole answer at last"));
        await using var server = await backend.StartAsync(model, new CloudiaSettings { ShortLeases = true });

        using var chat = Run(["chat", "--server", server.Address.AbsoluteUri], "the only question\n");
        await Patience.Until(
            _ => Task.FromResult(model.Calls.Count == 1 ? "called" : null), "the first call of the model", chat.Tail);
        server.KillNine();
        await server.StartAgain();
        var code = await chat.Exit();

        Assert.True(code == 0, chat.Tail());
        Assert.Contains("The whole answer at last", chat.Output, StringComparison.Ordinal);
        Assert.Equal(2, model.Calls.Count);
    }

    private static ChildProcess Run(string[] arguments, string input) => Repository.Run(arguments, new CloudiaSettings(), input);
}
