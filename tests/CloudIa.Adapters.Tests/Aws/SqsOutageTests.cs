using System.Net;
using System.Net.Sockets;
using Amazon.DynamoDBv2;
using Amazon.Runtime;
using Amazon.SQS;
using CloudIa.Adapters.Tests.Embedded;
using CloudIa.Aws;
using CloudIa.Aws.Queue;
using CloudIa.Core.Queue;
using CloudIa.Embedded.History;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Engines that are away.</summary>
[Collection(SqsClock.Name)]
public sealed class SqsOutageTests(SqsClockServer server, Engines engines)
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly BasicAWSCredentials Anybody = new("anybody", "anything");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_engine_that_refuses_connections_or_never_answers_is_said_in_time_and_in_the_ports_words(bool listens)
    {
        // Nobody takes a connection from the listener's hands, so that none has an answer.
        using var silent = new TcpListener(IPAddress.Loopback, FreePorts.Next());
        if (listens)
        {
            silent.Start();
        }

        var url = $"http://{silent.LocalEndpoint}";
        var options = new AwsOptions { QueueMilliseconds = 300, TableMilliseconds = 300, PollSeconds = 1 };
        var config = SqsQueues.Config(options);
        config.ServiceURL = url;
        using var sqs = new AmazonSQSClient(Anybody, config);
        using var dynamo = new AmazonDynamoDBClient(Anybody, new AmazonDynamoDBConfig { ServiceURL = url });
        using var folder = new EmbeddedFolder();
        await using var queue = new SqsJobQueue(
            sqs, dynamo, new SqliteConversationStore(folder.Database), options, new QueueOptions(), TimeProvider.System, NullLogger<SqsJobQueue>.Instance);

        await SaysSoAsync(() => queue.EnqueueAsync(Samples.Job(), None));
        await SaysSoAsync(() => queue.EnqueueAsync(Samples.Job(), EnqueueCondition.ConversationIdle, None));
        await SaysSoAsync(() => queue.ReceiveAsync(1, None));
        await SaysSoAsync(() => queue.MeasureAsync(None));
        await SaysSoAsync(() => queue.ListDeadLettersAsync(null, 1, None));
        await SaysSoAsync(() => queue.FindDeadLetterAsync("00000000000000ab-000000ab", None));
        await SaysSoAsync(() => queue.RedriveAsync("00000000000000ab-000000ab", None));
        await SaysSoAsync(() => queue.DiscardAsync("00000000000000ab-000000ab", None));
    }

    [Fact]
    public async Task Without_the_table_jobs_are_taken_worked_on_and_completed()
    {
        await using var fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);
        fixture.Options.TableMilliseconds = 300;
        using var away = new AmazonDynamoDBClient(Anybody, new AmazonDynamoDBConfig { ServiceURL = $"http://127.0.0.1:{FreePorts.Next()}" });
        var queue = fixture.Open(away);
        var jobs = Samples.Jobs(2);
        foreach (var job in jobs)
        {
            Assert.Equal(EnqueueResult.Added, await queue.EnqueueAsync(job, None));
        }

        var lease = Assert.Single(await queue.ReceiveAsync(10, None));
        Assert.True(await queue.ExtendAsync(lease, None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.DeadLetterAsync(lease, "model_refused", None));
        Assert.True(await queue.ReleaseAsync(lease, TimeSpan.Zero, None));
        foreach (var job in jobs)
        {
            lease = Assert.Single(await queue.ReceiveAsync(10, None));
            Assert.Equal(job, lease.Job);
            Assert.True(await queue.CompleteAsync(lease, None));
        }
    }

    [Fact]
    public async Task A_receive_that_failed_is_followed_by_one_that_works()
    {
        await using var fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);
        fixture.Wire.Cut = "ReceiveMessage";
        await Assert.ThrowsAsync<QueueUnavailableException>(() => fixture.Queue.ReceiveAsync(1, None));
        fixture.Wire.Cut = null;
        await fixture.EnqueueAsync(Samples.Job());

        await fixture.TakeOneAsync();
    }

    [Fact]
    public async Task The_queues_are_made_where_they_are_missing()
    {
        await using var fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);
        var options = new AwsOptions { Queue = $"made-{Guid.NewGuid():N}.fifo", DeadLetterQueue = fixture.Options.DeadLetterQueue };

        Assert.Equal([options.Queue], await SqsQueues.CreateAsync(fixture.Sqs, options, new QueueOptions(), None));
        Assert.Empty(await SqsQueues.CreateAsync(fixture.Sqs, options, new QueueOptions { LeaseSeconds = 60 }, None));
        var made = await fixture.Sqs.GetQueueAttributesAsync((await fixture.Sqs.GetQueueUrlAsync(options.Queue, None)).QueueUrl, ["All"], None);
        Assert.Contains("\"maxReceiveCount\":1000", made.Attributes["RedrivePolicy"], StringComparison.Ordinal);
        Assert.Contains($":{options.DeadLetterQueue}\"", made.Attributes["RedrivePolicy"], StringComparison.Ordinal);
        Assert.Equal(("true", "perMessageGroupId", "1209600"), (made.Attributes["FifoQueue"], made.Attributes["FifoThroughputLimit"], made.Attributes["MessageRetentionPeriod"]));
    }

    private static async Task SaysSoAsync(Func<Task> call)
    {
        // Half a second; much more only where the machine does not get to it.
        var error = await Assert.ThrowsAsync<QueueUnavailableException>(() => call().WaitAsync(Patience.Usual, TimeProvider.System));
        Assert.False(error.Full);
    }
}
