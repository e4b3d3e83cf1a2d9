using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Idempotency keys: one key is one job, one message and one model call, for as long as the job is kept.</summary>
public abstract class KeysTests(Backend backend)
{
    private const int Posts = 50;

    [Fact]
    public async Task Fifty_posts_at_once_with_one_key_are_one_job_and_one_model_call_also_after_a_restart()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("Once"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);

        var job = await OneJob(person);
        Assert.Equal(JobStatus.Completed, (await person.End(job.JobId, server.Tail)).Status);
        Assert.Equal(job.JobId, (await OneJob(person)).JobId);

        server.AskToStop();
        Assert.Equal(0, await server.Exit());
        await server.StartAgain();
        var late = await OneJob(person);
        Assert.Equal((job.JobId, JobStatus.Completed), (late.JobId, late.Status));
        Assert.Equal(["Only once", "Once"], (await person.Messages(job.ConversationId)).Select(message => message.Content));
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task Fifty_posts_at_once_with_one_key_while_its_answer_runs_are_told_of_that_job()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("One two") with { GateAfter = 1, Gate = gate.Task });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var first = await person.Post("Only once", key: "the-key");
        await Patience.Until(_ => Task.FromResult(model.Calls.Count > 0 ? "called" : null), "the model's call", server.Tail);

        var again = await OneJob(person);
        Assert.Equal((first.JobId, JobStatus.Running), (again.JobId, again.Status));
        gate.SetResult();
        Assert.Equal(JobStatus.Completed, (await person.End(first.JobId, server.Tail)).Status);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task Of_two_bodies_at_once_under_one_key_one_is_accepted_and_the_other_refused()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words(call.Asked));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        for (var round = 0; round < 20; round++)
        {
            var replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(body => person.TryPost($"round {round} body {body}", key: $"key {round}")));

            var accepted = Assert.Single(replies, reply => reply.Status == HttpStatusCode.Accepted).Read(ProtocolJson.Default.ChatAccepted);
            Assert.All(
                replies.Where(reply => reply.Status != HttpStatusCode.Accepted),
                reply => Assert.Equal((422, ErrorCode.KeyReused), (reply.Problem().Status, reply.Problem().Code)));
            Assert.Equal(JobStatus.Completed, (await person.End(accepted.JobId, server.Tail)).Status);
            Assert.Equal(2, (await person.Messages(accepted.ConversationId)).Count);
        }

        Assert.Equal(20, model.Calls.Count);
    }

    [Fact]
    public async Task What_a_body_means_is_what_a_key_stands_for()
    {
        await using var server = await backend.StartAsync();
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        var first = await person.Post("hello", key: "the-key");

        Assert.Equal(first.JobId, (await person.Post("hello", key: "the-key", whenBusy: WhenBusy.Enqueue)).JobId);
        var other = await person.TryPost("hello", key: "the-key", whenBusy: WhenBusy.Interrupt);
        Assert.Equal(ErrorCode.KeyReused, other.Problem().Code);
        Assert.NotEqual(first.JobId, (await stranger.Post("hello", key: "the-key")).JobId);
    }

    private static async Task<ChatAccepted> OneJob(ApiClient person)
    {
        var receipts = await Task.WhenAll(Enumerable.Range(0, Posts).Select(_ => person.Post("Only once", key: "the-key")));
        Assert.Single(receipts.Select(receipt => receipt.ConversationId).Distinct());
        return Assert.Single(receipts.DistinctBy(receipt => receipt.JobId));
    }
}
