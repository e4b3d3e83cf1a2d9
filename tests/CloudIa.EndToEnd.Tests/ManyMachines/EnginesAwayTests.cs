using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.EndToEnd.Tests.Stopping;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>An engine of the AWS backend cannot be reached when a message is posted.</summary>
public sealed class EnginesAwayTests(Engines engines, ITestOutputHelper output)
{
    /// <summary>An engine that is away is waited for so long.</summary>
    private static readonly IReadOnlyDictionary<string, string> Soon = new Dictionary<string, string>(AwsCluster.LongLeases)
    {
        ["CLOUDIA__AWS__TABLEMILLISECONDS"] = "3000",
        ["CLOUDIA__AWS__QUEUEMILLISECONDS"] = "3000",
    };

    [Fact]
    public async Task Without_the_table_a_message_is_accepted_and_answered_when_it_is_back()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("an answer all the same"));
        await using var cluster = await AwsCluster.StartAsync(engines, [model], Soon);
        using var person = await ApiClient.WithSession(cluster.Address);
        var first = await person.Post("before");
        await person.End(first.JobId, cluster.Tail);

        await cluster.Dynamo.ShutAsync();
        var asked = RunClock.Now;
        var second = await person.Post("without the table", first.ConversationId);
        output.WriteLine($"202 after {(RunClock.Now - asked).TotalMilliseconds:F0} ms without the table");
        cluster.Dynamo.Open();

        // It is known from its begin on, which its worker tries again every second.
        await Patience.Until(_ => person.JobOrNull(second.JobId), "the job to be known", cluster.Tail);
        var end = await person.End(second.JobId, cluster.Tail);
        Assert.Equal((JobStatus.Completed, 2), (end.Status, end.Turn));
        Assert.Equal(
            ["before", "an answer all the same", "without the table", "an answer all the same"],
            (await person.Messages(first.ConversationId)).Select(message => message.Content));
        Assert.Equal(2, model.Calls.Count);
    }

    [Fact]
    public async Task Without_the_queue_a_message_is_refused_in_time_and_nothing_is_half_done()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("once"));
        await using var cluster = await AwsCluster.StartAsync(engines, [model], Soon);
        using var person = await ApiClient.WithSession(cluster.Address);

        await cluster.Sqs.ShutAsync();
        await using var lateness = new Lateness();
        var asked = RunClock.Now;
        var refused = await person.TryPost("to nobody", key: "the same");
        var took = RunClock.Now - asked;
        output.WriteLine($"{(int)refused.Status} after {took.TotalMilliseconds:F0} ms without the queue");
        Assert.Equal(HttpStatusCode.BadGateway, refused.Status);
        Assert.Contains(ErrorCode.QueueUnavailable, refused.Body, StringComparison.Ordinal);

        // Within three seconds; a busy machine is given more.
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(3) + (6 * lateness.Most));
        Assert.Empty((await person.Conversations()).Items);

        cluster.Sqs.Open();
        var accepted = await person.Post("to nobody", key: "the same");
        Assert.Equal("once", (await person.End(accepted.JobId, cluster.Tail)).Content);
        Assert.Equal(accepted.ConversationId, Assert.Single((await person.Conversations()).Items).ConversationId);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task The_queue_is_away_for_some_heartbeats_of_an_answer_and_the_answer_goes_on()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("half and half") with { GateAfter = 1, Gate = gate.Task });
        await using var cluster = await AwsCluster.StartAsync(engines, [model], new Dictionary<string, string> { ["CLOUDIA__QUEUE__LEASESECONDS"] = "60" });
        using var person = await ApiClient.WithSession(cluster.Address);
        await using var socket = await PlainSocket.Open(cluster.Address, new SocketOptions { Token = person.Token, ServerLog = cluster.Tail });
        var accepted = await person.Post("Erzähl");
        await socket.Wait<MessageDelta>(_ => true, "the first delta");

        await cluster.Sqs.ShutAsync();
        await Task.Delay(TimeSpan.FromSeconds(3), TimeProvider.System, TestContext.Current.CancellationToken);
        cluster.Sqs.Open();
        gate.SetResult();

        var completed = await socket.Wait<MessageCompleted>(_ => true, "the end");
        Assert.Equal((1, "half and half"), (completed.Attempt, completed.Content));
        Assert.Empty(socket.Events.OfType<MessageRestarted>());
        Assert.Equal(1, (await person.End(accepted.JobId, cluster.Tail)).Attempt);
        Assert.Single(model.Calls);
    }
}
