using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A stream without its terminal event is a failure, never an answer.</summary>
public sealed class BrokenStreamTests
{
    [Theory]
    [InlineData(nameof(ReplyEnding.Truncated))]
    [InlineData(nameof(ReplyEnding.Reset))]
    [InlineData(nameof(ReplyEnding.ErrorInStream))]
    public async Task A_broken_stream_is_tried_again_and_the_healed_model_answers(string ending)
    {
        var broken = ModelReply.Words("Words that break off") with { Ending = Enum.Parse<ReplyEnding>(ending) };
        var whole = ModelReply.Words("The whole answer at last");
        await using var model = await FaultyModel.Start(call => call.Number == 1 ? broken : whole);
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var accepted = await person.Post("Hello");
        var completed = await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the answer");

        Assert.Equal(whole.Text, completed.Content);
        Assert.Equal(whole.Text, (await person.Job(accepted.JobId)).Content);

        // What a reset took with it before it was read was never shown: then the same attempt went on.
        var shown = socket.Events.OfType<MessageDelta>().Any(delta => delta.Attempt == 1 && broken.Text.StartsWith(delta.Delta, StringComparison.Ordinal));
        Assert.Equal(shown ? 2 : 1, completed.Attempt);
        Assert.Equal(shown, socket.Events.OfType<MessageRestarted>().Any(restart => restart is { Attempt: 2, Reason: "retry" }));
        Assert.True(shown || broken.Ending == ReplyEnding.Reset);
        Assert.Equal(2, model.Calls.Count);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task An_error_before_the_first_word_is_tried_again_and_never_shown(int status)
    {
        var whole = ModelReply.Words("The whole answer at last");
        await using var model = await FaultyModel.Start(call => call.Number == 1 ? ModelReply.Error(status) : whole);
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });
        using var person = await ApiClient.WithSession(server.Address);

        var accepted = await person.Post("Hello");
        var end = await person.End(accepted.JobId, server.Tail);

        Assert.Equal(JobStatus.Completed, end.Status);
        Assert.Equal(whole.Text, end.Content);
        Assert.Equal(2, model.Calls.Count);
    }

    [Fact]
    public async Task A_model_that_never_ends_its_streams_fails_the_job_after_the_attempts_it_has()
    {
        await using var model = await FaultyModel.Start(
            _ => ModelReply.Words("Words that break off") with { Ending = ReplyEnding.Truncated });
        await using var server = await CloudiaProcess.Start(
            new CloudiaSettings { ModelEndpoint = model.Endpoint, MaxAttempts = 2 });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var accepted = await person.Post("Hello");
        var error = await socket.Wait<ErrorEvent>(
            problem => problem.JobId == accepted.JobId && problem.Final, "the final error");
        var end = await person.End(accepted.JobId, server.Tail);

        Assert.Equal(JobStatus.Failed, end.Status);
        Assert.Equal(error.Code, end.Error?.Code);
        Assert.Equal(2, end.Attempt);
        Assert.Equal(2, model.Calls.Count);
        Assert.DoesNotContain(socket.Events, said => said is MessageCompleted);

        // The server and the conversation live on.
        model.Answer = _ => ModelReply.Words("Healed");
        var next = await person.Post("And now?", accepted.ConversationId);
        Assert.Equal("Healed", (await person.End(next.JobId, server.Tail)).Content);
    }
}
