using System.Net;
using System.Text.Json;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Titles, system prompts and deletion.</summary>
public abstract class ConversationChangeTests(Backend backend)
{
    [Fact]
    public async Task A_new_title_is_kept_and_told_to_all_of_the_owners_sockets_also_while_the_first_message_waits()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("One two three") with { GateAfter = 1, Gate = gate.Task });
        await using var server = await backend.StartAsync(model, new CloudiaSettings { Concurrency = 1 });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var running = await person.Post("first");
        await socket.Wait<MessageDelta>(delta => delta.JobId == running.JobId, "the first words");
        var waiting = await person.Post("second");

        foreach (var conversation in new[] { running.ConversationId, waiting.ConversationId })
        {
            var reply = await person.Patch($"/conversations/{conversation}", """{"title":"  Férias – 2025 "}""");
            Assert.Equal(HttpStatusCode.OK, reply.Status);
            Assert.Equal("Férias – 2025", reply.Read(ProtocolJson.Default.ConversationView).Title);
            await socket.Wait<ConversationUpdated>(told => told.ConversationId == conversation && told.Title == "Férias – 2025", "the new title");
        }

        gate.SetResult();
        Assert.Equal(JobStatus.Completed, (await person.End(waiting.JobId, server.Tail)).Status);
        Assert.Equal(("Férias – 2025", 1), await person.Conversation(waiting.ConversationId) is var kept ? (kept.Title, kept.Turns) : default);
    }

    [Fact]
    public async Task A_system_prompt_is_what_the_model_is_told_first_until_it_is_changed()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("Aye"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);

        const string begin = """{"message":"hi","systemPrompt":"Speak like a pirate."}""";
        var key = new Dictionary<string, string> { ["Idempotency-Key"] = "k" };
        var first = (await person.PostBody("/chat", begin, key)).Read(ProtocolJson.Default.ChatAccepted);
        await person.End(first.JobId, server.Tail);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await person.PostBody("/chat", begin.Replace("pirate", "cook", StringComparison.Ordinal), key)).Status);
        Assert.Equal(first.JobId, (await person.PostBody("/chat", begin, key)).Read(ProtocolJson.Default.ChatAccepted).JobId);
        await person.End((await person.Post("again", first.ConversationId)).JobId, server.Tail);
        Assert.Equal("Speak like a pirate.", (await person.Conversation(first.ConversationId)).SystemPrompt);

        await person.Patch($"/conversations/{first.ConversationId}", """{"systemPrompt":"Speak like a cook."}""");
        await person.End((await person.Post("and again", first.ConversationId)).JobId, server.Tail);
        var reset = await person.Patch($"/conversations/{first.ConversationId}", """{"systemPrompt":""}""");
        Assert.Null(reset.Read(ProtocolJson.Default.ConversationView).SystemPrompt);
        await person.End((await person.Post("last", first.ConversationId)).JobId, server.Tail);

        Assert.Equal(["Speak like a pirate.", "Speak like a pirate.", "Speak like a cook."], model.Calls.Take(3).Select(call => call.System));
        Assert.StartsWith("You are Claudia", model.Calls[3].System, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_a_title_or_a_system_prompt_is_refused_with_its_code()
    {
        await using var server = await backend.StartAsync();
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        var conversation = (await person.Post("mine")).ConversationId;
        var at = $"/conversations/{conversation}";
        var long201 = JsonSerializer.Serialize(new string('x', 201));
        var long8001 = JsonSerializer.Serialize(new string('x', 8001));

        foreach (var (reply, code) in new[]
        {
            (await person.Patch(at, """{"title":"  "}"""), ErrorCode.TitleInvalid),
            (await person.Patch(at, $$"""{"title":{{long201}}}"""), ErrorCode.TitleInvalid),
            (await person.Patch(at, """{"title":5}"""), ErrorCode.InvalidJson),
            (await person.Patch(at, $$"""{"systemPrompt":{{long8001}}}"""), ErrorCode.SystemPromptTooLong),
            (await person.PostBody("/chat", $$"""{"message":"m","systemPrompt":{{long8001}}}"""), ErrorCode.SystemPromptTooLong),
            (await person.PostBody("/chat", $$"""{"message":"m","systemPrompt":"p","conversationId":"{{conversation}}"}"""), ErrorCode.InvalidRequest),
            (await stranger.Patch(at, """{"title":"theirs"}"""), ErrorCode.NotFound),
            (await stranger.Delete(at), ErrorCode.NotFound),
            (await person.Delete("/conversations/unknown"), ErrorCode.NotFound),
            (await new ApiClient(server.Address).Delete(at), ErrorCode.TokenMissing),
        })
        {
            Assert.Equal(code, reply.Problem().Code);
        }

        Assert.Equal("mine", (await person.Conversation(conversation)).Title);
    }

    [Fact]
    public async Task Deleted_while_it_answers_a_conversation_goes_with_everything_and_its_followers_are_told()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("These words never end") with { GateAfter = 2, Gate = ModelReply.Never });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var running = await person.Post("first", key: "the-key");
        await socket.Wait<MessageDelta>(delta => delta.JobId == running.JobId, "the first words");
        var waiting = await person.Post("second", running.ConversationId);
        var stream = await person.BeginEvents(waiting.JobId);

        Assert.Equal(HttpStatusCode.NoContent, (await person.Delete($"/conversations/{running.ConversationId}")).Status);

        await Patience.Until(
            _ => Task.FromResult(model.Calls[0].State == ModelCallState.Abandoned ? "closed" : null),
            "the provider's request to be closed",
            server.Tail);
        await socket.Wait<ConversationUpdated>(told => told.Deleted && told.ConversationId == running.ConversationId, "the deletion");
        foreach (var job in new[] { running.JobId, waiting.JobId })
        {
            await socket.Wait<ErrorEvent>(end => end is { Final: true, Code: ErrorCode.ConversationDeleted } && end.JobId == job, "the job's end");
            Assert.Equal(HttpStatusCode.NotFound, (await person.Get($"/chat/{job}")).Status);
        }

        Assert.Contains("event: end", await Patience.For(stream, "the waiting job's stream to end", server.Tail), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await person.Get($"/conversations/{running.ConversationId}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await person.Get($"/conversations/{running.ConversationId}/messages")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await person.Delete($"/conversations/{running.ConversationId}")).Status);
        Assert.Empty((await person.Conversations()).Items);

        Assert.Equal(ErrorCode.NotFound, (await person.TryPost("into nothing", running.ConversationId)).Problem().Code);
        Assert.Equal(ErrorCode.ConversationDeleted, (await person.TryPost("first", key: "the-key")).Problem().Code);
        server.KillNine();
        await server.StartAgain();
        Assert.Equal(ErrorCode.ConversationDeleted, (await person.TryPost("first", key: "the-key")).Problem().Code);
        Assert.Empty((await person.Conversations()).Items);
        Assert.Single(model.Calls);
    }
}
