using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Fault 16 in the queue itself: what is not even a job.</summary>
public abstract class UnreadableMessageTests(Backend backend)
{
    [Fact]
    public async Task Fault_16_what_cannot_be_parsed_goes_to_the_dead_letters_with_its_owner_told()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"The answer to {call.Asked}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var other = await ApiClient.WithSession(server.Address);
        var first = await person.Post("first");
        await person.End(first.JobId, server.Tail);

        var poison = Guid.NewGuid().ToString("N");
        await server.PutIntoQueue(
            new RawMessage(poison, $"anonymous:{first.SessionId}", first.ConversationId, """{"jobId":"x","message":"what was asked","owner":{"not":"a name"}}"""),
            new RawMessage(Guid.NewGuid().ToString("N"), "", "", "neither names nor JSON \u0001"));

        // Nobody waits for it: not another conversation, and not its own.
        var later = await person.Post("later", first.ConversationId);
        var elsewhere = await other.Post("elsewhere");
        Assert.Equal("The answer to elsewhere", (await other.End(elsewhere.JobId, server.Tail)).Content);
        Assert.Equal("The answer to later", (await person.End(later.JobId, server.Tail)).Content);

        // Its owner is told, and finds what could be made out of it in its place.
        var end = await person.End(poison, server.Tail);
        Assert.Equal((JobStatus.Failed, ErrorCode.MessageUnreadable, 2), (end.Status, end.Error?.Code, end.Turn!.Value));
        var held = new HeldAnswers();
        held.Expect(poison);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, Held = held, ServerLog = server.Tail });
        await socket.Resume();
        var told = await socket.Wait<ErrorEvent>(error => error.JobId == poison, "the word of the failure");
        Assert.Equal((true, ErrorCode.MessageUnreadable), (told.Final, told.Code));
        var messages = await person.Messages(first.ConversationId);
        Assert.Equal(["first", "The answer to first", "what was asked", "", "later", "The answer to later"], messages.Select(message => message.Content));

        // Nobody else learns of it, and it is there for the operator, who can do one thing with it.
        Assert.Null(await other.JobOrNull(poison));
        using var admin = await Operator.Of(server);
        var letters = await admin.Letters(2);
        var letter = Assert.Single(letters, letter => letter.JobId == poison);
        Assert.Equal((false, ErrorCode.MessageUnreadable, first.ConversationId), (letter.Readable, letter.Reason, letter.ConversationId));
        Assert.Null(letter.Body);
        Assert.Contains("\"not\":\"a name\"", (await admin.Letter(letter.Id)).Body, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Conflict, ErrorCode.MessageUnreadable), await admin.Redrive(letter.Id) is var refused ? (refused.Status, refused.Problem().Code) : default);
        var nameless = Assert.Single(letters, letter => letter.JobId != poison);
        Assert.Contains("neither names nor JSON", (await admin.Run("show", nameless.Id)).Output, StringComparison.Ordinal);
        Assert.Equal(1, (await admin.Run("redrive", nameless.Id, letter.Id)).Code);
        Assert.Equal((0, $"Redriven: 0. Left, because they cannot be read: 2.{Environment.NewLine}"), await admin.Run("redrive", "--all") is var all ? (all.Code, all.Output) : default);
        Assert.Equal(0, (await admin.Run("discard", nameless.Id, letter.Id)).Code);
        Assert.Equal((0, 0), await admin.Queue() is var queue ? (queue.Waiting, queue.DeadLetters) : default);
        Assert.Equal(3, model.Calls.Count);
    }
}
