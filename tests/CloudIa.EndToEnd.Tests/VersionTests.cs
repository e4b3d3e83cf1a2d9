using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Another answer to the last message; a copy that goes another way.</summary>
public abstract class VersionTests(Backend backend)
{
    [Fact]
    public async Task A_regenerated_answer_is_shown_streamed_and_recalled_and_the_earlier_one_is_kept()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"answer {call.Number}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var first = await person.Post("question");
        await person.End(first.JobId, server.Tail);

        var again = await Regenerate(person, first.ConversationId);
        var told = await socket.Wait<Accepted>(accepted => accepted.JobId == again.JobId, "the regeneration");
        Assert.Equal((1, null), (told.Turn, told.Message));
        Assert.Equal((1, 2), await socket.Wait<MessageStarted>(started => started.JobId == again.JobId, "its start") is var begun ? (begun.Turn, begun.Version) : default);
        Assert.Equal("answer 2", (await socket.Wait<MessageCompleted>(end => end.JobId == again.JobId, "its end")).Content);
        var job = await person.Job(again.JobId);
        Assert.Equal((1, 2, "answer 2"), (job.Turn!.Value, job.Version!.Value, job.Content));

        var messages = await person.Messages(first.ConversationId);
        Assert.Equal(["question", "answer 2"], messages.Select(message => message.Content));
        Assert.Equal((2, 2), (messages[1].Version!.Value, messages[1].Versions!.Value));
        Assert.True(messages[1].DurationMs >= 0);
        Assert.Equal("stop", messages[1].FinishReason);
        var versions = (await person.Get($"/conversations/{first.ConversationId}/turns/1/versions")).Read(ProtocolJson.Default.MessagePage);
        Assert.Equal(["answer 1", "answer 2"], versions.Items.Select(version => version.Content));
        Assert.Null(versions.NextCursor);

        await person.End((await person.Post("next", first.ConversationId)).JobId, server.Tail);
        Assert.Equal(["question", "answer 2", "next"], model.Calls[2].Messages.Select(message => message.Content));
    }

    [Fact]
    public async Task A_failed_regeneration_leaves_the_answer_that_was_there()
    {
        await using var model = await FaultyModel.Start(call => call.Number == 1 ? ModelReply.Words("good") : ModelReply.Error(400));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var first = await person.Post("question");
        await person.End(first.JobId, server.Tail);

        var again = await Regenerate(person, first.ConversationId);
        Assert.Equal(JobStatus.Failed, (await person.End(again.JobId, server.Tail)).Status);

        var messages = await person.Messages(first.ConversationId);
        Assert.Equal(["question", "good"], messages.Select(message => message.Content));
        Assert.Equal((1, 2), (messages[1].Version!.Value, messages[1].Versions!.Value));
        Assert.Equal(2, (await person.Get($"/conversations/{first.ConversationId}/turns/1/versions")).Read(ProtocolJson.Default.MessagePage).Items.Count);
    }

    [Fact]
    public async Task Regenerations_are_one_at_a_time_and_one_a_key()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(call => call.Number == 1 ? ModelReply.Words("one") : ModelReply.Words("two") with { Gate = gate.Task });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        var first = await person.Post("question");
        await person.End(first.JobId, server.Tail);
        var at = $"/conversations/{first.ConversationId}/regenerate";
        var key = new Dictionary<string, string> { ["Idempotency-Key"] = "again" };

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => person.PostBody(at, "{}", key)));
        Assert.Single(replies.Select(reply => reply.Read(ProtocolJson.Default.ChatAccepted).JobId).Distinct());
        Assert.Equal(ErrorCode.ConversationBusy, (await person.PostBody(at, "{}")).Problem().Code);
        Assert.Equal(ErrorCode.NotFound, (await stranger.PostBody(at, "{}")).Problem().Code);
        Assert.Equal(ErrorCode.ModelUnknown, (await person.PostBody(at, """{"model":"none"}""")).Problem().Code);
        Assert.Equal(ErrorCode.KeyReused, (await person.PostBody(at, """{"model":"tested"}""", key)).Problem().Code);
        Assert.Equal(HttpStatusCode.NotFound, (await person.Get($"/conversations/{first.ConversationId}/turns/2/versions")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await person.Get($"/conversations/{first.ConversationId}/turns/x/versions")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get($"/conversations/{first.ConversationId}/turns/1/versions")).Status);
        gate.SetResult();
        await person.End(replies[0].Read(ProtocolJson.Default.ChatAccepted).JobId, server.Tail);
        Assert.Equal(2, model.Calls.Count);
    }

    [Fact]
    public async Task A_fork_goes_on_from_its_turn_and_knows_nothing_of_what_came_after()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"to {call.Asked}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var first = await person.Post("one");
        await person.End(first.JobId, server.Tail);
        await person.End((await person.Post("two", first.ConversationId)).JobId, server.Tail);
        var at = $"/conversations/{first.ConversationId}/fork";

        var reply = await person.PostBody(at, """{"turn":1}""");
        Assert.Equal(HttpStatusCode.Created, reply.Status);
        var fork = reply.Read(ProtocolJson.Default.ConversationView);
        Assert.Equal($"/conversations/{fork.ConversationId}", reply.Headers.Location?.ToString());
        Assert.Equal(new ForkView(first.ConversationId, 1), fork.ForkedFrom);
        Assert.Equal("one", (await socket.Wait<ConversationUpdated>(told => told.ConversationId == fork.ConversationId, "the fork")).Title);
        await person.End((await person.Post("two, edited", fork.ConversationId)).JobId, server.Tail);

        Assert.Equal(["one", "to one", "two, edited"], model.Calls[2].Messages.Select(message => message.Content));
        Assert.Equal(HttpStatusCode.NoContent, (await person.Delete($"/conversations/{first.ConversationId}")).Status);
        Assert.Equal(["one", "to one", "two, edited", "to two, edited"], (await person.Messages(fork.ConversationId)).Select(message => message.Content));

        var other = $"/conversations/{fork.ConversationId}/fork";
        Assert.Equal(ErrorCode.InvalidRequest, (await person.PostBody(other, """{"turn":3}""")).Problem().Code);
        Assert.Equal(ErrorCode.InvalidRequest, (await person.PostBody(other, """{"turn":-1}""")).Problem().Code);
        Assert.Equal(ErrorCode.InvalidRequest, (await person.PostBody(other, "{}")).Problem().Code);
        Assert.Equal(ErrorCode.InvalidJson, (await person.PostBody(other, "")).Problem().Code);
        Assert.Equal(ErrorCode.NotFound, (await stranger.PostBody(other, """{"turn":1}""")).Problem().Code);
        Assert.Equal(ErrorCode.NotFound, (await person.PostBody(at, """{"turn":1}""")).Problem().Code);
    }

    [Fact]
    public async Task A_turn_that_is_being_answered_is_not_forked()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("One two") with { GateAfter = 1, Gate = ModelReply.Never });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var running = await person.Post("first");
        await socket.Wait<MessageDelta>(delta => delta.JobId == running.JobId, "the first words");
        var at = $"/conversations/{running.ConversationId}/fork";

        Assert.Equal(ErrorCode.ConversationBusy, (await person.PostBody(at, """{"turn":1}""")).Problem().Code);
        Assert.Equal(HttpStatusCode.Created, (await person.PostBody(at, """{"turn":0}""")).Status);
    }

    /// <summary>With no body at all.</summary>
    private static async Task<ChatAccepted> Regenerate(ApiClient person, string conversationId)
    {
        var reply = await person.Send(HttpMethod.Post, $"/conversations/{conversationId}/regenerate");
        Assert.True(reply.Status == HttpStatusCode.Accepted, $"regenerate: {reply}");
        var accepted = reply.Read(ProtocolJson.Default.ChatAccepted);
        Assert.Equal($"/chat/{accepted.JobId}", reply.Headers.Location?.ToString());
        return accepted;
    }
}
