using System.Globalization;
using Amazon.SQS.Model;
using CloudIa.Core.Queue;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>How many calls it takes, and what lies in the queue.</summary>
[Collection(SqsClock.Name)]
public sealed class SqsBatchTests(SqsClockServer server, Engines engines, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqsQueueFixture fixture = null!;

    private IJobQueue Queue => fixture.Queue;

    public async ValueTask InitializeAsync()
    {
        fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);

        // The first call of a node looks its queue up.
        await fixture.EnqueueAsync(Samples.Job());
        await Queue.CompleteAsync(Assert.Single(await Queue.ReceiveAsync(1, None)), None);
        fixture.Wire.Forget();
    }

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task A_turn_takes_three_calls()
    {
        var job = Samples.Job();
        await Queue.EnqueueAsync(job, None);
        var lease = Assert.Single(await Queue.ReceiveAsync(1, None));
        await Queue.CompleteAsync(lease, None);

        output.WriteLine($"SQS calls of a turn: {fixture.Wire.Total} ({fixture.Wire})");
        Assert.Equal((1, 1, 1, 3), (fixture.Wire.Of("SendMessageBatch"), fixture.Wire.Of("ReceiveMessage"), fixture.Wire.Of("DeleteMessageBatch"), fixture.Wire.Total));
    }

    [Fact]
    public async Task Many_turns_at_once_share_their_calls()
    {
        const int turns = 100;
        var jobs = Enumerable.Range(0, turns).Select(_ => Samples.Job()).ToArray();
        await Task.WhenAll(jobs.Select(job => Queue.EnqueueAsync(job, None)));
        var leases = new List<JobLease>();
        while (leases.Count < turns)
        {
            leases.AddRange(await Queue.ReceiveAsync(turns, None));
        }

        var extended = await Task.WhenAll(leases.Select(lease => Queue.ExtendAsync(lease, None)));
        var completed = await Task.WhenAll(leases.Select(lease => Queue.CompleteAsync(lease, None)));

        var perTurn = ((double)fixture.Wire.Total / turns).ToString("0.00", CultureInfo.InvariantCulture);
        output.WriteLine($"SQS calls of {turns} turns at once, each with one heartbeat: {perTurn} a turn ({fixture.Wire})");
        Assert.Equal(jobs.ToHashSet(), leases.Select(lease => lease.Job).ToHashSet());
        Assert.DoesNotContain(false, extended.Concat(completed));
        Assert.InRange(fixture.Wire.Total, 40, 200);
    }

    [Fact]
    public async Task What_the_engine_refuses_of_a_batch_is_its_own_callers_failure()
    {
        await fixture.SetAsync("MaximumMessageSize", "2048");
        var jobs = Enumerable.Range(0, 30).Select(i => Samples.Job(message: new string('x', i % 7 == 0 ? 3000 : 3))).ToArray();

        var results = await Task.WhenAll(jobs.Select(async job =>
        {
            try
            {
                return (EnqueueResult?)await Queue.EnqueueAsync(job, None);
            }
            catch (QueueUnavailableException)
            {
                return null;
            }
        }));

        Assert.True(fixture.Wire.Of("SendMessageBatch") < jobs.Length);
        Assert.All(Enumerable.Range(0, 30), i => Assert.Equal(i % 7 == 0 ? null : EnqueueResult.Added, results[i]));
        Assert.Equal(jobs.Where(job => job.Message.Length == 3).ToHashSet(), (await fixture.DrainAsync()).ToHashSet());
    }

    [Fact]
    public async Task A_job_that_comes_for_a_receiver_that_has_gone_is_given_back_and_comes_to_the_next()
    {
        Assert.Empty(await fixture.TakeAsync());
        var job = Samples.Job();
        await Queue.EnqueueAsync(job, None);

        Assert.Equal(job, Assert.Single(await fixture.Open().ReceiveAsync(1, None)).Job);
        Assert.Equal(1, fixture.Wire.Of("ChangeMessageVisibilityBatch"));
    }

    [Fact]
    public async Task A_message_that_is_too_large_is_refused_before_it_leaves()
    {
        await Assert.ThrowsAsync<QueueUnavailableException>(() => Queue.EnqueueAsync(Samples.Job(message: new string('x', SqsLimit)), None));

        Assert.Equal(0, fixture.Wire.Total);
    }

    [Fact]
    public async Task A_message_says_beside_its_body_whose_it_is_and_of_which_trace()
    {
        var job = Samples.Job(owner: "auth0|joão & co", message: Samples.Unicode);
        await Queue.EnqueueAsync(job, None);

        var message = Assert.Single((await fixture.Sqs.ReceiveMessageAsync(
            new ReceiveMessageRequest { QueueUrl = await fixture.UrlAsync(), MessageAttributeNames = ["All"], MessageSystemAttributeNames = ["All"] },
            TestContext.Current.CancellationToken)).Messages);
        Assert.All(message.Body, character => Assert.InRange(character, ' ', '~'));
        Assert.Equal(
            (job.JobId, "auth0%7Cjo%C3%A3o%20%26%20co", job.ConversationId),
            (Attribute("jobId"), Attribute("owner"), Attribute("conversationId")));
        Assert.Matches($"^00-{job.TraceId}-[0-9a-f]{{16}}-0[01]$", Attribute("traceparent"));
        Assert.Matches("^[A-Za-z0-9_-]{43}$", message.Attributes["MessageGroupId"]);
        Assert.Matches("^[A-Za-z0-9_-]{43}-0$", message.Attributes["MessageDeduplicationId"]);

        string Attribute(string name) => message.MessageAttributes[name].StringValue;
    }

    /// <summary>256 KiB: DESIGN.md section 9.</summary>
    private const int SqsLimit = 256 * 1024;
}
