using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Fault 16: a message that cannot be worked on harms only itself, and is not lost.</summary>
public abstract class PoisonTests(Backend backend)
{

    [Fact]
    public async Task Fault_16_what_kills_its_worker_goes_to_the_dead_letters_and_is_answered_when_it_is_redriven()
    {
        const int attempts = 3;
        const string killer = "this one kills whoever answers it";
        var go = new TaskCompletionSource();
        var harmless = ModelReply.Words("Harmless at last, word by word") with { GateAfter = 3, Gate = go.Task };
        await using var model = await FaultyModel.Start(call => call.Asked == killer ? ModelReply.NoByte() : ModelReply.Words($"The answer to {call.Asked}"));
        await using var server = await backend.StartAsync(model, new CloudiaSettings
        {
            MaxAttempts = attempts,
            ShortLeases = true,
        });
        using var person = await ApiClient.WithSession(server.Address);
        using var other = await ApiClient.WithSession(server.Address);
        var deadly = await person.Post(killer);
        for (var attempt = 1; attempt <= attempts; attempt++)
        {
            await Patience.Until(_ => Task.FromResult(Calls() == attempt ? "called" : null), $"attempt {attempt}", server.Tail);

            // Nobody waits for it, while it runs and when it has taken the server along.
            var beside = await other.Post($"beside {attempt}");
            Assert.Equal($"The answer to beside {attempt}", (await other.End(beside.JobId, server.Tail)).Content);
            server.KillNine();
            await server.StartAgain();
        }

        var end = await person.End(deadly.JobId, server.Tail);
        Assert.Equal((JobStatus.Failed, ErrorCode.AttemptsExhausted, attempts), (end.Status, end.Error?.Code, Calls()));
        await using var socket = await OpenAsync(server, person, deadly.JobId);
        var told = await socket.Wait<ErrorEvent>(error => error.JobId == deadly.JobId, "the word of the failure");
        Assert.True(told.Final);
        using var admin = await Operator.Of(server);
        var letter = Assert.Single(await admin.Letters(1));
        Assert.Equal((deadly.JobId, ErrorCode.AttemptsExhausted, killer), (letter.JobId, letter.Reason, letter.Message));
        Assert.Contains(letter.Id, (await admin.Run("list")).Output, StringComparison.Ordinal);

        // Harmless now: its answer comes to the socket that heard of its failure, to a stream, and to its conversation.
        model.Answer = _ => harmless;
        var redriven = await admin.Redrive(letter.Id);
        Assert.Equal(HttpStatusCode.Accepted, redriven.Status);
        Assert.Equal((deadly.JobId, JobStatus.Queued), redriven.Read(ProtocolJson.Default.RedriveView) is var view ? (view.JobId, view.Status) : default);
        await socket.Wait<MessageStarted>(started => started.JobId == deadly.JobId && started.Attempt > end.Attempt, "the next attempt");
        Assert.Equal(JobStatus.Running, (await person.Job(deadly.JobId)).Status);
        var streaming = person.Get($"/chat/{deadly.JobId}/events");
        go.SetResult();
        var completed = await socket.Wait<MessageCompleted>(done => done.JobId == deadly.JobId, "the answer");
        Assert.Equal((harmless.Text, 1), (completed.Content, completed.Turn));
        Assert.Equal(harmless.Text, string.Concat(socket.Events.OfType<MessageDelta>().Where(delta => delta.JobId == deadly.JobId).Select(delta => delta.Delta)));
        var stream = (await streaming).Body;
        Assert.Contains("event: message_completed", stream, StringComparison.Ordinal);
        Assert.EndsWith("event: end\ndata: {}\n\n", stream, StringComparison.Ordinal);
        Assert.Equal((JobStatus.Completed, harmless.Text, null), await person.Job(deadly.JobId) is var job ? (job.Status, job.Content, job.Error) : default);
        Assert.Equal([killer, harmless.Text], (await person.Messages(deadly.ConversationId)).Select(message => message.Content));

        // Once more is harmless, whoever does it.
        Assert.Equal((HttpStatusCode.NotFound, ErrorCode.NotFound), await admin.Redrive(letter.Id) is var twice ? (twice.Status, twice.Problem().Code) : default);
        Assert.Equal(1, (await admin.Run("redrive", letter.Id)).Code);
        var next = await person.Post("and now?", deadly.ConversationId);
        Assert.Equal(JobStatus.Completed, (await person.End(next.JobId, server.Tail)).Status);
        Assert.Equal(attempts + 1, Calls());
        Assert.Equal(0, (await admin.Queue()).DeadLetters);

        int Calls() => model.Calls.Count(call => call.Asked == killer);
    }

    private static Task<PlainSocket> OpenAsync(IInstallation server, ApiClient person, string job)
    {
        var held = new HeldAnswers();
        held.Expect(job);
        return OpenAsync(server, new SocketOptions { Token = person.Token, Held = held, ServerLog = server.Tail });
    }

    private static async Task<PlainSocket> OpenAsync(IInstallation server, SocketOptions options)
    {
        var socket = await PlainSocket.Open(server.Address, options);
        await socket.Resume();
        return socket;
    }
}
