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
        var shown = new TaskCompletionSource();
        var broken = ModelReply.Words("Words that break off") with { Ending = Enum.Parse<ReplyEnding>(ending), Gate = shown.Task };
        broken = broken with { GateAfter = broken.Pieces.Count };
        var whole = ModelReply.Words("The whole answer at last");
        await using var model = await FaultyModel.Start(call => call.Number == 1 ? broken : whole);
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var accepted = await person.Post("Hello");

        // It breaks once its words are shown: a reset may take along what was not read before it.
        await socket.Wait<MessageDelta>(delta => delta.Attempt == 1 && delta.Offset + delta.Delta.Length == broken.Text.Length, "the words before the break");
        shown.SetResult();
        var completed = await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the answer");

        Assert.Equal(whole.Text, completed.Content);
        Assert.Equal(whole.Text, (await person.Job(accepted.JobId)).Content);
        Assert.Equal(2, completed.Attempt);
        Assert.Contains(socket.Events.OfType<MessageRestarted>(), restart => restart is { Attempt: 2, Reason: "retry" });
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
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint, MaxAttempts = 2 });
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
