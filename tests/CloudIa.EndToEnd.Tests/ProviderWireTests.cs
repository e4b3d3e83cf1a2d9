using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>OpenAI's and Anthropic's wire protocols over real HTTP, against a server that others keep.</summary>
public sealed class ProviderWireTests
{
    private const string FirstAnswer = "Olá! Eu sou a Claudia, às suas ordens — with a rocket 🚀 and a family 👩‍👩‍👧.";
    private const string SecondAnswer = "Your name is Ada, as you said at the beginning of this conversation.";

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_conversation_streams_the_providers_words_with_one_call_a_turn_and_the_right_history(string provider)
    {
        await using var aimock = await StartAimock();
        await using var server = await CloudiaProcess.Start(new CloudiaSettings
        {
            Provider = provider,
            ModelEndpoint = provider == "openai" ? new Uri(aimock.Address, "/v1") : aimock.Address,
        });

        await Converse(server, aimock);
    }

    [Fact]
    public async Task OPENAI_BASE_URL_and_OPENAI_API_KEY_are_all_it_needs()
    {
        await using var aimock = await StartAimock();
        await using var server = await CloudiaProcess.Start(new CloudiaSettings
        {
            Provider = null,
            More = new Dictionary<string, string>
            {
                ["OPENAI_BASE_URL"] = new Uri(aimock.Address, "/v1").AbsoluteUri,
                ["OPENAI_API_KEY"] = "a-key-of-no-value",
            },
        });

        await Converse(server, aimock);
    }

    private static Task<AimockServer> StartAimock() =>
        AimockServer.Start(("I am Ada", FirstAnswer), ("my name", SecondAnswer));

    private static async Task Converse(CloudiaProcess server, AimockServer aimock)
    {
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var first = await person.Post("I am Ada");
        await Streams(socket, first.JobId, FirstAnswer);
        var second = await person.Post("What is my name?", first.ConversationId);
        await Streams(socket, second.JobId, SecondAnswer);

        Assert.Equal(FirstAnswer, (await person.Job(first.JobId)).Content);
        Assert.Equal(SecondAnswer, (await person.Job(second.JobId)).Content);
        var prompts = await aimock.Prompts();
        Assert.Equal(2, prompts.Count);
        Assert.Equal([new PromptMessage("user", "I am Ada")], prompts[0]);
        Assert.Equal(
            [
                new PromptMessage("user", "I am Ada"),
                new PromptMessage("assistant", FirstAnswer),
                new PromptMessage("user", "What is my name?"),
            ],
            prompts[1]);
    }

    private static async Task Streams(PlainSocket socket, string jobId, string answer)
    {
        var completed = await socket.Wait<MessageCompleted>(end => end.JobId == jobId, "the answer's end");

        Assert.Equal(answer, completed.Content);
        var deltas = socket.Events.OfType<MessageDelta>().Where(delta => delta.JobId == jobId).ToList();
        Assert.True(deltas.Count > 1, "The answer came in one piece: it was not streamed.");
        Assert.Equal(answer, string.Concat(deltas.Select(delta => delta.Delta)));
        Assert.Equal("stop", completed.Metadata.FinishReason);
    }
}
