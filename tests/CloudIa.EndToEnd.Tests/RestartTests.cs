using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>The server dies and comes back on the same data.</summary>
public abstract class RestartTests(Backend backend)
{
    [Fact]
    public async Task After_kill_9_in_an_answer_a_plain_socket_sees_a_restart_and_then_the_whole_text()
    {
        const string shown = "The beginning that ";
        var first = ModelReply.Words(shown + "nobody hears the end of") with { GateAfter = 3, Gate = ModelReply.Never };
        var resumed = new TaskCompletionSource();
        var second = ModelReply.Words("Another answer, whole from its first word to its last") with { GateAfter = 1, Gate = resumed.Task };
        await using var model = await FaultyModel.Start(call => call.Number == 1 ? first : second);
        await using var server = await backend.StartAsync(model, new CloudiaSettings { ShortLeases = true });
        using var person = await ApiClient.WithSession(server.Address);
        var recorder = new HistoryRecorder();
        var options = new SocketOptions
        {
            Token = person.Token,
            Held = new HeldAnswers(),
            Recorder = recorder,
            Owner = "person",
            ServerLog = server.Tail,
        };
        await using var before = await PlainSocket.Open(server.Address, options);
        var accepted = await person.Post("Tell me something long");
        await before.Wait<MessageDelta>(delta => delta.Offset + delta.Delta.Length == shown.Length, "the first words");
        Assert.Equal(shown, options.Held.Text(accepted.JobId));

        server.KillNine();
        await Patience.For(before.Closed, "the socket of the dead server to close", server.Tail);
        await server.StartAgain();
        await using var after = await PlainSocket.Open(server.Address, options);
        await after.Resume();

        var restarted = await after.Wait<MessageRestarted>(restart => restart.JobId == accepted.JobId, "the restart");
        Assert.Equal(2, restarted.Attempt);
        resumed.SetResult();
        var completed = await after.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the answer's end");
        Assert.Equal(second.Text, completed.Content);
        Assert.Equal(2, completed.Attempt);
        Assert.Equal(second.Text, options.Held.Text(accepted.JobId));
        var events = after.Events.ToList();
        Assert.True(events.IndexOf(restarted) < events.IndexOf(completed), "The restart came after the end.");

        // The session, the conversation and the answer are there for whoever reads them; nothing was asked twice.
        var messages = await person.Messages(accepted.ConversationId);
        Assert.Equal(["Tell me something long", second.Text], messages.Select(message => message.Content));
        Assert.Equal(2, model.Calls.Count);
        var end = await person.Job(accepted.JobId);
        Assert.Empty(Invariants.Check(recorder.History(
            new Dictionary<string, string>(),
            new Dictionary<string, JobView> { [accepted.JobId] = end },
            [new StoredConversation("person", accepted.ConversationId, messages)])));
    }

    [Fact]
    public async Task An_answer_that_was_stored_before_kill_9_is_told_again_and_not_generated_again()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("The one answer"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var accepted = await person.Post("Hello");
        await person.End(accepted.JobId, server.Tail);

        server.KillNine();
        await server.StartAgain();
        var held = new HeldAnswers();
        held.Expect(accepted.JobId);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, Held = held, ServerLog = server.Tail });
        await socket.Resume();

        var completed = await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the stored answer");
        Assert.Equal("The one answer", completed.Content);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task SIGTERM_drains_in_time_and_the_next_start_finishes_what_was_under_way()
    {
        var gate = new TaskCompletionSource();
        var slow = ModelReply.Words("Half of it and the rest") with { GateAfter = 2, Gate = gate.Task };
        var whole = ModelReply.Words("All of it in one go");
        await using var model = await FaultyModel.Start(call => call.Asked == "wait" && call.Number <= 2 ? slow : whole);

        // On many machines: polls as long as they may be, and leases that nobody here would live to see run out.
        await using var server = await backend.StartAsync(model, new CloudiaSettings
        {
            More = new Dictionary<string, string> { ["CLOUDIA__AWS__POLLSECONDS"] = "5", ["CLOUDIA__QUEUE__LEASESECONDS"] = "600" },
        });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var running = await person.Post("wait");
        var waiting = await person.Post("after it", running.ConversationId);
        await socket.Wait<MessageDelta>(delta => delta.JobId == running.JobId, "the first words");

        server.AskToStop();
        var code = await server.Exit(TimeSpan.FromSeconds(25));
        var left = server.Tail();
        Assert.True(code == 0, $"SIGTERM ended the server with {code}. {left}");
        gate.SetResult();
        await server.StartAgain();

        foreach (var job in (string[])[running.JobId, waiting.JobId])
        {
            Assert.Equal(JobStatus.Completed, (await person.End(job, () => $"{left}{Environment.NewLine}{server.Tail()}")).Status);
        }

        var messages = await person.Messages(running.ConversationId);
        Assert.Equal([1, 1, 2, 2], messages.Select(message => message.Turn ?? 0));
        Assert.Contains(messages[1].Content, (string[])[slow.Text, whole.Text]);
    }
}
