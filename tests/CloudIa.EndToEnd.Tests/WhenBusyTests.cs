using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>What a message does while its conversation answers another one. CLOUDIA_TEST_SEED repeats a run's choices.</summary>
public abstract class WhenBusyTests(Backend backend, ITestOutputHelper output)
{
    private const int Senders = 20;
    private const int Rounds = 8;

    /// <summary>Interruptions are the fewest: each ends all that waits.</summary>
    private static readonly IReadOnlyList<WhenBusy> Modes =
        [WhenBusy.Enqueue, WhenBusy.Enqueue, WhenBusy.Enqueue, WhenBusy.Enqueue, WhenBusy.Reject, WhenBusy.Reject, WhenBusy.Reject, WhenBusy.Interrupt];

    private static readonly int Seed =
        int.TryParse(Environment.GetEnvironmentVariable("CLOUDIA_TEST_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();

    [Fact]
    public async Task Of_twenty_rejecting_posts_at_once_an_idle_conversation_takes_one()
    {
        await using var model = await FaultyModel.Start(call => Held(call, "at once"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var opening = await person.Post("opening");
        await person.End(opening.JobId, server.Tail);

        var replies = await Task.WhenAll(Enumerable.Range(0, Senders).Select(
            sender => person.TryPost($"at once {sender}", opening.ConversationId, whenBusy: WhenBusy.Reject)));

        Assert.Single(replies, reply => reply.Status == HttpStatusCode.Accepted);
        Assert.All(
            replies.Where(reply => reply.Status != HttpStatusCode.Accepted),
            reply => Assert.Equal((409, ErrorCode.ConversationBusy, true), reply.Problem() is var problem ? (problem.Status, problem.Code, problem.Retryable ?? false) : default));
        Assert.Equal(2, (await person.Messages(opening.ConversationId)).Count(message => message.Role == MessageRole.User));
    }

    [Fact]
    public async Task A_rejecting_message_is_taken_as_soon_as_the_end_before_it_was_told()
    {
        await using var model = await FaultyModel.Start(call => Held(call, "held"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var last = await person.Post("opening");
        for (var count = 0; count < 30; count++)
        {
            await socket.Wait<MessageCompleted>(end => end.JobId == last.JobId, "an answer");
            last = await person.Post($"next {count}", last.ConversationId, whenBusy: WhenBusy.Reject);
        }

        await socket.Wait<MessageCompleted>(end => end.JobId == last.JobId, "an answer");
        await socket.Chat("held", last.ConversationId, "mine", WhenBusy.Reject);
        await socket.Wait<Accepted>(accepted => accepted.ClientId == "mine", "word that it was taken");
        await socket.Chat("too early", last.ConversationId, "also mine", WhenBusy.Reject);
        var refused = await socket.Wait<ErrorEvent>(error => error.ClientId == "also mine", "a refusal");
        Assert.Equal((ErrorCode.ConversationBusy, true, true), (refused.Code, refused.Retryable, refused.Final));
    }

    [Fact]
    public async Task An_interrupting_message_stops_all_that_was_before_it_in_its_conversation_and_is_next()
    {
        await using var model = await FaultyModel.Start(call => Held(call, "held"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var elsewhere = await person.Post("held elsewhere");
        var running = await person.Post("held here");
        foreach (var job in new[] { elsewhere.JobId, running.JobId })
        {
            await socket.Wait<MessageDelta>(delta => delta.JobId == job, "its first words");
        }

        string[] waiting = [(await person.Post("waits 1", running.ConversationId)).JobId, (await person.Post("waits 2", running.ConversationId)).JobId];
        var urgent = await person.Post("urgent", running.ConversationId, whenBusy: WhenBusy.Interrupt);
        var later = await person.Post("later", running.ConversationId);

        Assert.Equal(JobStatus.Completed, (await person.End(urgent.JobId, server.Tail)).Status);
        Assert.Equal(JobStatus.Completed, (await person.End(later.JobId, server.Tail)).Status);
        var stopped = await socket.Wait<MessageStopped>(end => end.JobId == running.JobId, "the stop");
        Assert.Equal("Kept ", stopped.Content);
        await Patience.Until(
            _ => Task.FromResult(model.Calls.Single(call => call.Asked == "held here").State == ModelCallState.Abandoned ? "closed" : null),
            "the provider's request to be closed",
            server.Tail);
        foreach (var job in waiting) await socket.Wait<MessageStopped>(end => end.JobId == job && end.Content is "", "the stop of a waiting message");
        Assert.Equal(
            [("held here", 1, JobStatus.Cancelled), ("waits 1", 2, JobStatus.Cancelled), ("waits 2", 3, JobStatus.Cancelled), ("urgent", 4, JobStatus.Completed), ("later", 5, JobStatus.Completed)],
            (await person.Messages(running.ConversationId)).Where(message => message.Role == MessageRole.User).Select(message => (message.Content, message.Turn ?? 0, message.Status)));
        Assert.Equal(["held here", "urgent", "later"], model.Calls.Select(call => call.Asked).Where(asked => asked != "held elsewhere"));
        Assert.Equal(JobStatus.Running, (await person.Job(elsewhere.JobId)).Status);
    }

    [Fact]
    public async Task Twenty_senders_mixing_all_modes_give_one_linear_history_in_which_every_accepted_message_ends_once()
    {
        output.WriteLine($"CLOUDIA_TEST_SEED={Seed}");
        var recorder = new HistoryRecorder();
        await using var model = await FaultyModel.Start(call =>
            ModelReply.Words($"One two three four five to {call.Asked}") with { Pace = TimeSpan.FromMilliseconds(2) });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var options = new SocketOptions { Token = person.Token, Recorder = recorder, Owner = "owner", ServerLog = server.Tail };
        await using var socket = await PlainSocket.Open(server.Address, options);
        await using var other = await PlainSocket.Open(server.Address, options with { Held = new() });
        var opening = await person.Post("opening");
        recorder.Accepted(new Receipt("owner", opening.JobId, opening.ConversationId, "opening"));
        var sent = new ConcurrentBag<(WhenBusy Mode, HttpStatusCode Status)>();

        var ends = new Dictionary<string, JobView>();
        for (var round = 0; round < Rounds; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, Senders).Select(sender => Send(round, sender)));
            foreach (var receipt in recorder.Receipts.Where(receipt => !ends.ContainsKey(receipt.JobId)))
            {
                foreach (var each in new[] { socket, other })
                {
                    await each.Wait<JobEvent>(said => said.JobId == receipt.JobId && (said is MessageCompleted or MessageStopped), "its end");
                }

                ends[receipt.JobId] = await person.Job(receipt.JobId);
            }
        }

        var stored = new StoredConversation("owner", opening.ConversationId, await person.Messages(opening.ConversationId));
        var broken = Invariants.Check(recorder.History(new Dictionary<string, string>(), ends, [stored]));
        output.WriteLine(string.Join("; ", sent.CountBy(one => one).OrderBy(one => one.Key.Mode).Select(one => $"{one.Key.Mode} {(int)one.Key.Status}: {one.Value}")));
        output.WriteLine(string.Join("; ", ends.Values.CountBy(end => end.Status).Select(end => $"{end.Key}: {end.Value}")));
        Assert.True(broken.Count == 0, string.Join(Environment.NewLine, [$"CLOUDIA_TEST_SEED={Seed}", .. broken.Take(20).Select(violation => violation.ToString())]));
        Assert.Equal(recorder.Receipts.Count * 2, stored.Messages.Count);
        Assert.All(ends.Values, end => Assert.True(end.Status is JobStatus.Completed or JobStatus.Cancelled, $"{end}"));
        Assert.All(sent, one => Assert.True(one.Status == HttpStatusCode.Accepted || one is { Mode: WhenBusy.Reject, Status: HttpStatusCode.Conflict }, $"{one}"));

        // The test itself: there was something to reject and to interrupt.
        Assert.Contains(sent, one => one.Status == HttpStatusCode.Conflict);
        Assert.Contains(ends.Values, end => end.Status == JobStatus.Cancelled);

        // Nothing interrupts a round's last message.
        Assert.True(ends.Values.Count(end => end.Status == JobStatus.Completed) >= Rounds, "A round completed nothing.");

        async Task Send(int round, int sender)
        {
            var random = new Random(unchecked((Seed * 397) ^ (round * Senders) ^ sender));
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(40)), TimeProvider.System, TestContext.Current.CancellationToken);
            var mode = Modes[random.Next(Modes.Count)];
            var message = $"{mode} in round {round} of {sender}";
            var reply = await person.TryPost(message, opening.ConversationId, whenBusy: mode);
            sent.Add((mode, reply.Status));
            if (reply.Status == HttpStatusCode.Accepted)
            {
                recorder.Accepted(new Receipt("owner", reply.Read(ProtocolJson.Default.ChatAccepted).JobId, opening.ConversationId, message));
            }
        }
    }

    /// <summary>An answer that stays unfinished where the message begins with a certain word.</summary>
    private static ModelReply Held(ModelCall call, string word) => call.Asked.StartsWith(word, StringComparison.Ordinal)
        ? ModelReply.Words("Kept and more") with { GateAfter = 1, Gate = ModelReply.Never }
        : ModelReply.Words("An answer");
}
