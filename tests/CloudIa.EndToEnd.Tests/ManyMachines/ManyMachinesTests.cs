using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.EndToEnd.Tests.Stopping;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>Promises 1 to 7 with two gateways and two workers on the engines of the AWS backend: whatever happens to one of them, nothing is lost.</summary>
public sealed class ManyMachinesTests(Engines engines, ITestOutputHelper output)
{
    private const string Said = "Das schöne 🚀 Stück ";
    private const string Rest = "und sein Ende 👩‍👩‍👧";

    [Fact]
    public async Task A_worker_is_killed_while_it_answers()
    {
        var history = await new Crowd(engines).Survives(async cluster =>
        {
            cluster.Workers[0].KillNine();
            await cluster.Workers[0].StartAgain();
            cluster.Workers[1].KillNine();
        });

        output.WriteLine(Crowd.Summary(history));
    }

    [Fact]
    public async Task The_clients_gateway_is_killed_while_they_listen()
    {
        var history = await new Crowd(engines).Survives(cluster =>
        {
            cluster.Gateways[0].KillNine();
            return Task.CompletedTask;
        });

        output.WriteLine(Crowd.Summary(history));
    }

    [Fact]
    public async Task Redis_is_away_for_30_seconds()
    {
        var history = await new Crowd(engines).Survives(async cluster =>
        {
            cluster.Redis.Stop();
            await Task.Delay(TimeSpan.FromSeconds(30), TimeProvider.System, TestContext.Current.CancellationToken);
            await cluster.Redis.StartAsync();
        });

        output.WriteLine(Crowd.Summary(history));
    }

    [Fact]
    public async Task Redis_forgets_everything()
    {
        var history = await new Crowd(engines).Survives(async cluster =>
        {
            for (var times = 0; times < 5; times++)
            {
                await cluster.Redis.FlushAsync();
                await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        });

        output.WriteLine(Crowd.Summary(history));
    }

    [Fact]
    public async Task A_worker_sleeps_beyond_its_leases_and_wakes()
    {
        var history = await new Crowd(engines).Survives(async cluster =>
        {
            cluster.Workers[0].Freeze();
            await Task.Delay(TimeSpan.FromSeconds(8), TimeProvider.System, TestContext.Current.CancellationToken);
            cluster.Workers[0].Thaw();
        });

        output.WriteLine(Crowd.Summary(history));
    }

    [Fact]
    public async Task An_answer_is_stopped_through_another_gateway_than_its_posts()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest) with { GateAfter = 4, Gate = ModelReply.Never });
        await using var cluster = await AwsCluster.StartAsync(engines, [model], AwsCluster.LongLeases);
        using var person = await ApiClient.WithSession(cluster.Gateways[0].Address);
        await using var socket = await PlainSocket.Open(cluster.Gateways[0].Address, new SocketOptions { Token = person.Token, ServerLog = cluster.Tail });
        var accepted = await person.Post("Erzähl");
        await socket.Wait<MessageDelta>(_ => true, "the first delta");
        using var elsewhere = new ApiClient(cluster.Gateways[1].Address, person.Token);

        // A process that has just started is slow at what it does first: this one has stopped something before.
        Assert.Equal(HttpStatusCode.NotFound, (await elsewhere.Delete("/chat/no-such-job")).Status);
        await using var lateness = new Lateness();
        var asked = RunClock.Now;
        Assert.Equal(HttpStatusCode.Accepted, (await elsewhere.Delete($"/chat/{accepted.JobId}")).Status);
        var stopped = await socket.Wait<MessageStopped>(_ => true, "the stop");
        Assert.StartsWith(stopped.Content, Said, StringComparison.Ordinal);
        var call = Assert.Single(model.Calls);
        await Patience.Until<object>(async _ => call.Closed is null ? null : call, "the call of the model to be closed", cluster.Tail);
        output.WriteLine($"closed {(call.Closed!.Value - asked).TotalMilliseconds:F0} ms after the stop");

        // Within a second; a busy machine is given more.
        Assert.InRange(call.Closed.Value - asked, TimeSpan.Zero, TimeSpan.FromSeconds(1) + (6 * lateness.Most));
        Assert.Equal(JobStatus.Cancelled, (await elsewhere.End(accepted.JobId, cluster.Tail)).Status);
    }

    [Fact]
    public async Task An_answer_goes_on_through_another_gateway_than_it_began()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest) with { GateAfter = 4, Gate = gate.Task });
        await using var cluster = await AwsCluster.StartAsync(engines, [model], AwsCluster.LongLeases);
        using var person = await ApiClient.WithSession(cluster.Gateways[0].Address);
        var held = new HeldAnswers();
        var options = new SocketOptions { Token = person.Token, Held = held, ServerLog = cluster.Tail };
        string jobId;
        await using (var first = await PlainSocket.Open(cluster.Gateways[0].Address, options))
        {
            jobId = (await person.Post("Erzähl")).JobId;
            held.Expect(jobId);
            await first.Wait<MessageDelta>(_ => held.Text(jobId) == Said, "the first half");
        }

        await using var second = await PlainSocket.Open(cluster.Gateways[1].Address, options);
        await second.Resume();

        // Frames are taken in their order: the resume before this one.
        await second.SendText("""{"action":"ping"}""");
        await second.Wait<Pong>(_ => true, "the pong");
        gate.SetResult();
        var completed = await second.Wait<MessageCompleted>(_ => true, "the end");

        Assert.Equal(Said + Rest, completed.Content);
        Assert.Equal(Said + Rest, held.Text(jobId));
        Assert.Equal(Said.Length, second.Events.OfType<MessageDelta>().First().Offset);
        Assert.Empty(second.Events.OfType<MessageRestarted>());
    }
}
