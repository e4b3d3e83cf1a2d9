using Amazon.SQS.Model;
using CloudIa.Aws.Queue;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Dead letters between two engines: whatever breaks off between them loses none and doubles none.</summary>
[Collection(SqsClock.Name)]
public sealed class SqsLetterTests(SqsClockServer server, Engines engines) : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private SqsQueueFixture fixture = null!;

    private IJobQueue Queue => fixture.Queue;

    public async ValueTask InitializeAsync() => fixture = await SqsQueueFixture.OpenAsync(server.Sqs, engines);

    public ValueTask DisposeAsync() => fixture.DisposeAsync();

    [Fact]
    public async Task A_job_that_dies_again_because_its_message_was_not_deleted_makes_no_second_letter()
    {
        await fixture.EnqueueAsync(Samples.Job());
        fixture.Wire.Cut = "DeleteMessageBatch";
        var lease = await fixture.TakeOneAsync();
        await Assert.ThrowsAsync<QueueUnavailableException>(() => Queue.DeadLetterAsync(lease, "model_refused", None));
        fixture.Wire.Cut = null;
        await fixture.PassAsync(fixture.Lease + TimeSpan.FromSeconds(1));

        Assert.True(await Queue.DeadLetterAsync(await fixture.TakeOneAsync(), "model_refused", None));
        Assert.Equal(lease.Job, Assert.Single(await LettersAsync()).Job);
        Assert.Equal(0, (await Queue.MeasureAsync(None)).Waiting);
    }

    [Fact]
    public async Task A_letter_whose_redrive_the_engine_does_not_take_is_there_still()
    {
        var letter = await BuryAsync();
        fixture.Wire.Cut = "SendMessageBatch";
        await Assert.ThrowsAsync<QueueUnavailableException>(() => Queue.RedriveAsync(letter.Id, None));
        fixture.Wire.Cut = null;

        Assert.Equal(letter.Id, Assert.Single(await LettersAsync()).Id);
        Assert.Equal(RedriveResult.Redriven, await Queue.RedriveAsync(letter.Id, None));
        Assert.Equal(1, (await fixture.TakeOneAsync()).Job.Redrives);
    }

    [Fact]
    public async Task A_letter_whose_redrive_died_midway_is_redriven_by_another_after_a_while()
    {
        var letter = await BuryAsync();
        Assert.True(await new LetterTable(fixture.Dynamo, fixture.Options, fixture.Time).ClaimAsync(letter.Id, None));

        Assert.Equal(RedriveResult.NotFound, await Queue.RedriveAsync(letter.Id, None));
        Assert.False(await Queue.DiscardAsync(letter.Id, None));
        await fixture.PassAsync(TimeSpan.FromSeconds(31));
        Assert.Equal(RedriveResult.Redriven, await Queue.RedriveAsync(letter.Id, None));
        Assert.Empty(await LettersAsync());
        Assert.Equal(letter.Job.JobId, Assert.Single(await fixture.DrainAsync()).JobId);
    }

    [Fact]
    public async Task What_the_engine_gave_up_on_has_failed_in_the_history_and_is_a_letter()
    {
        await fixture.SetAsync("RedrivePolicy", $$"""{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:{{fixture.Options.DeadLetterQueue}}","maxReceiveCount":2}""");
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs);
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(jobs[0], (await fixture.TakeOneAsync()).Job);
            await fixture.PassAsync(fixture.Lease + TimeSpan.FromSeconds(1));
        }

        // The next job is free at once; the one before it is found within a minute.
        Assert.Equal(jobs[1], (await fixture.TakeOneAsync()).Job);
        await fixture.PassAsync(TimeSpan.FromMinutes(1));
        await fixture.TakeAsync();

        var letter = Assert.Single(await LettersAsync());
        Assert.Equal((jobs[0], ErrorCode.AttemptsExhausted), (letter.Job, letter.Reason));
        var end = (await fixture.Store.FindAsync(jobs[0].Key, None))?.End;
        Assert.Equal((JobStatus.Failed, ErrorCode.AttemptsExhausted), (end?.Status, end?.ErrorCode));
        Assert.Equal(RedriveResult.Redriven, await Queue.RedriveAsync(letter.Id, None));
    }

    [Fact]
    public async Task A_letter_holds_the_longest_message_in_a_page_of_many()
    {
        var jobs = Enumerable.Range(0, 6).Select(i => Samples.Job(message: $"{i}" + string.Concat(Enumerable.Repeat("\u0001é👩", 8_000)))).ToArray();
        foreach (var job in jobs)
        {
            await fixture.EnqueueAsync(job);
            await Queue.DeadLetterAsync(await fixture.TakeOneAsync(), "model_refused", None);
        }

        // DynamoDB gives no more than a MiB at once.
        Assert.Equal(jobs, (await LettersAsync()).Select(letter => letter.Job));
        Assert.Equal(6, (await Queue.MeasureAsync(None)).DeadLetters);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("""{"jobId":"a"}""")]
    public async Task A_body_that_cannot_be_read_and_is_nobodys_goes_to_the_dead_letters_and_harms_only_itself(string body)
    {
        var job = Samples.Job();
        await SendAsync(body, "a group", []);
        await SendAsync(body, "another group", []);
        await fixture.EnqueueAsync(job);

        Assert.Equal([job], await fixture.DrainAsync());
        var letters = await LettersAsync();
        Assert.Equal(2, letters.Count);
        Assert.All(letters, letter => Assert.Equal((true, ErrorCode.MessageUnreadable, body), (letter.Job.Unreadable, letter.Reason, System.Text.Encoding.UTF8.GetString(letter.Body.Span))));
        Assert.Equal(RedriveResult.Unreadable, await Queue.RedriveAsync(letters[0].Id, None));
        Assert.True(await Queue.DiscardAsync(letters[0].Id, None));
        Assert.Equal(0, (await Queue.MeasureAsync(None)).Waiting);
    }

    [Fact]
    public async Task A_body_that_cannot_be_read_comes_in_its_order_with_what_is_known_of_it()
    {
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs[0]);
        await SendAsync(
            """{"message":"of a later version","turn":1.5}""",
            SqsMessage.GroupOf(jobs[0].Conversation),
            new() { ["jobId"] = "bad", ["owner"] = jobs[0].Owner, ["conversationId"] = jobs[0].ConversationId });
        await fixture.EnqueueAsync(jobs[1]);

        await Queue.CompleteAsync(await fixture.TakeOneAsync(), None);
        var lease = await fixture.TakeOneAsync();
        Assert.Equal(("bad", jobs[0].Conversation, "of a later version", true), (lease.Job.JobId, lease.Job.Conversation, lease.Job.Message, lease.Job.Unreadable));
        Assert.True(await Queue.DeadLetterAsync(lease, ErrorCode.MessageUnreadable, None));

        var letter = Assert.Single(await LettersAsync());
        Assert.Equal(("bad", jobs[0].Conversation, true, false), (letter.Job.JobId, letter.Job.Conversation, letter.Job.Unreadable, letter.Body.IsEmpty));
        Assert.Equal([jobs[1]], await fixture.DrainAsync());
    }

    private async Task<DeadLetter> BuryAsync()
    {
        await fixture.EnqueueAsync(Samples.Job());
        Assert.True(await Queue.DeadLetterAsync(await fixture.TakeOneAsync(), "model_refused", None));
        return Assert.Single(await LettersAsync());
    }

    private Task<IReadOnlyList<DeadLetter>> LettersAsync() => Queue.ListDeadLettersAsync(null, 100, None);

    private async Task SendAsync(string body, string group, Dictionary<string, string> attributes) => await fixture.Sqs.SendMessageAsync(
        new SendMessageRequest(await fixture.UrlAsync(), body)
        {
            MessageGroupId = group.Replace(' ', '-'),
            MessageDeduplicationId = Guid.NewGuid().ToString("N"),
            MessageAttributes = attributes.ToDictionary(one => one.Key, one => new MessageAttributeValue { DataType = "String", StringValue = one.Value }),
        },
        TestContext.Current.CancellationToken);
}
