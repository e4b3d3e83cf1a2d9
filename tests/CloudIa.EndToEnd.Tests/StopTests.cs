using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Stop is confirmed.</summary>
public abstract class StopTests(Backend backend)
{
    [Fact]
    public async Task Stopped_in_its_stream_an_answer_keeps_its_text_and_the_providers_request_is_closed()
    {
        const string shown = "These words stay ";
        await using var model = await FaultyModel.Start(
            _ => ModelReply.Words(shown + "and these never come") with { GateAfter = 3, Gate = ModelReply.Never });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var accepted = await person.Post("Talk");
        await socket.Wait<MessageDelta>(delta => delta.Offset + delta.Delta.Length == shown.Length, "the first words");

        var reply = await person.Send(HttpMethod.Delete, $"/chat/{accepted.JobId}");

        Assert.Equal(HttpStatusCode.Accepted, reply.Status);
        await Patience.Until(
            _ => Task.FromResult(model.Calls[0].State == ModelCallState.Abandoned ? "closed" : null),
            "the provider's request to be closed",
            server.Tail);
        var stopped = await socket.Wait<MessageStopped>(end => end.JobId == accepted.JobId, "the stop");
        Assert.Equal(shown, stopped.Content);
        var end = await person.End(accepted.JobId, server.Tail);
        Assert.Equal(JobStatus.Cancelled, end.Status);
        Assert.Equal(shown, end.Content);
        var again = await person.Send(HttpMethod.Delete, $"/chat/{accepted.JobId}");
        Assert.Equal(HttpStatusCode.OK, again.Status);
    }

    [Fact]
    public async Task Stopped_while_it_waits_a_message_never_reaches_the_model()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(
            _ => ModelReply.Words("One two three") with { GateAfter = 1, Gate = gate.Task });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var running = await person.Post("first");
        await socket.Wait<MessageDelta>(delta => delta.JobId == running.JobId, "the first words");
        var waiting = await person.Post("second", running.ConversationId);

        await socket.SendText($$"""{"action":"stop","jobId":"{{waiting.JobId}}"}""");
        await socket.Wait<MessageStopped>(end => end.JobId == waiting.JobId, "the stop");
        gate.SetResult();

        Assert.Equal(JobStatus.Completed, (await person.End(running.JobId, server.Tail)).Status);
        Assert.Equal(JobStatus.Cancelled, (await person.End(waiting.JobId, server.Tail)).Status);
        var third = await person.Post("third", running.ConversationId);
        Assert.Equal(JobStatus.Completed, (await person.End(third.JobId, server.Tail)).Status);
        Assert.DoesNotContain(model.Calls, call => call.Asked == "second");
        Assert.Equal(
            [("first", 1), ("second", 2), ("third", 3)],
            (await person.Messages(running.ConversationId)).Where(message => message.Role == MessageRole.User).Select(message => (message.Content, message.Turn ?? 0)));
    }
}
