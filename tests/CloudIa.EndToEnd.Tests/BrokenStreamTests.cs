using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A stream without its terminal event is a failure, never an answer.</summary>
public abstract class BrokenStreamTests(Backend backend)
{
    /// <summary>No breaker opens: what is broken here is one call after the other.</summary>
    private static readonly CloudiaSettings Unbroken = new()
    {
        MaxAttempts = 2,
        More = new Dictionary<string, string> { ["CLOUDIA__MODELS__0__BREAKER__MINIMUMCALLS"] = "1000" },
    };

    [Fact]
    public async Task A_broken_stream_is_tried_again_and_the_healed_model_answers()
    {
        var whole = ModelReply.Words("The whole answer at last");
        await using var model = await FaultyModel.Start(_ => whole);
        await using var server = await backend.StartAsync(model, Unbroken);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        foreach (var ending in (ReplyEnding[])[ReplyEnding.Truncated, ReplyEnding.Reset, ReplyEnding.ErrorInStream])
        {
            var shown = new TaskCompletionSource();
            var broken = ModelReply.Words("Words that break off") with { Ending = ending, Gate = shown.Task };
            broken = broken with { GateAfter = broken.Pieces.Count };
            var before = model.Calls.Count;
            model.Answer = call => call.Number == before + 1 ? broken : whole;

            var accepted = await person.Post($"Break it: {ending}");

            // It breaks once its words are shown: a reset may take along what was not read before it.
            await socket.Wait<MessageDelta>(
                delta => delta.JobId == accepted.JobId && delta.Attempt == 1 && delta.Offset + delta.Delta.Length == broken.Text.Length, $"the words before the break ({ending})");
            shown.SetResult();
            var completed = await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, $"the answer ({ending})");

            Assert.Equal(whole.Text, completed.Content);
            Assert.Equal(whole.Text, (await person.Job(accepted.JobId)).Content);
            Assert.Equal(2, completed.Attempt);
            Assert.Contains(socket.Events.OfType<MessageRestarted>(), restart => restart is { Attempt: 2, Reason: "retry" } && restart.JobId == accepted.JobId);
            Assert.Equal(before + 2, model.Calls.Count);
        }
    }

    [Fact]
    public async Task An_error_before_the_first_word_is_tried_again_and_never_shown()
    {
        var whole = ModelReply.Words("The whole answer at last");
        await using var model = await FaultyModel.Start(_ => whole);
        await using var server = await backend.StartAsync(model, Unbroken);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        foreach (var status in (int[])[500, 503, 429])
        {
            var before = model.Calls.Count;
            model.Answer = call => call.Number == before + 1 ? ModelReply.Error(status) : whole;

            var accepted = await person.Post($"Fail at first: {status}");
            var end = await person.End(accepted.JobId, server.Tail);

            Assert.Equal((JobStatus.Completed, whole.Text), (end.Status, end.Content));
            Assert.Equal(before + 2, model.Calls.Count);
            await socket.Wait<MessageCompleted>(said => said.JobId == accepted.JobId, $"the answer ({status})");
        }

        Assert.DoesNotContain(socket.Events, said => said is ErrorEvent or MessageRestarted);
    }

    [Fact]
    public async Task A_model_that_never_ends_its_streams_fails_the_job_after_the_attempts_it_has()
    {
        await using var model = await FaultyModel.Start(
            _ => ModelReply.Words("Words that break off") with { Ending = ReplyEnding.Truncated });
        await using var server = await backend.StartAsync(model, Unbroken);
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
