using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Another model answers where the first one fails before its first token, and never after it.</summary>
public abstract class FailoverTests(Backend backend)
{
    [Theory]
    [InlineData("503")]
    [InlineData("401")]
    [InlineData("no text")]
    public async Task A_first_model_that_fails_before_its_first_token_gives_way_to_the_second_with_one_visible_start(string how)
    {
        await using var first = await FaultyModel.Start(_ => how == "no text" ? new ModelReply() : ModelReply.Error(int.Parse(how)));
        await using var second = await FaultyModel.Start(call => ModelReply.Words($"The second answers {call.Asked}"));
        await using var server = await Serve(first, second);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var accepted = await person.Post("Hello");
        var completed = await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the answer");

        Assert.Equal(("The second answers Hello", "second", 1), (completed.Content, completed.Metadata.Model, completed.Attempt));
        Assert.Single(socket.Events.OfType<MessageStarted>());
        Assert.DoesNotContain(socket.Events, said => said is MessageRestarted or ErrorEvent);
        Assert.Equal("The second answers Hello", string.Concat(socket.Events.OfType<MessageDelta>().Select(delta => delta.Delta)));
        Assert.Equal("second", (await person.Job(accepted.JobId)).Model);
        Assert.Equal((1, 1), (first.Calls.Count, second.Calls.Count));
    }

    [Fact]
    public async Task A_first_model_that_fails_after_its_first_token_is_restarted_and_two_texts_are_never_spliced()
    {
        await using var first = await FaultyModel.Start(call => call.Number == 1
            ? ModelReply.Words("The first breaks off here") with { Ending = ReplyEnding.Truncated }
            : ModelReply.Error(503));
        await using var second = await FaultyModel.Start(_ => ModelReply.Words("The second, whole"));
        await using var server = await Serve(first, second);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var accepted = await person.Post("Hello");
        var completed = await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the answer");

        Assert.Equal(("The second, whole", "second", 2), (completed.Content, completed.Metadata.Model, completed.Attempt));
        var restart = socket.Events.ToList().FindIndex(said => said is MessageRestarted { Attempt: 2 });
        Assert.True(restart > 0);
        Assert.All(socket.Events.Take(restart).OfType<MessageDelta>(), delta => Assert.Equal(1, delta.Attempt));
        Assert.Equal("The second, whole", string.Concat(socket.Events.Skip(restart).OfType<MessageDelta>().Select(delta => delta.Delta)));
        Assert.Equal("The second, whole", (await person.Job(accepted.JobId)).Content);
    }

    private Task<IInstallation> Serve(FaultyModel first, FaultyModel second) => backend.StartAsync(first, new CloudiaSettings
    {
        More = new Dictionary<string, string>
        {
            ["CLOUDIA__MODELS__1__NAME"] = "second",
            ["CLOUDIA__MODELS__1__PROVIDER"] = "openai",
            ["CLOUDIA__MODELS__1__ENDPOINT"] = second.Endpoint.AbsoluteUri,
            ["CLOUDIA__MODELS__1__APIKEY"] = "a-key-of-no-value",
            ["CLOUDIA__FAILOVER__0"] = "second",
        },
    });
}
