using System.Text;
using CloudIa.Adapters.Tests.Queue;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class SqliteJobQueueTests : JobQueueContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    protected override ValueTask<QueueFixture> OpenAsync() => ValueTask.FromResult<QueueFixture>(new SqliteQueueFixture());

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"jobId":"a"}""")]
    [InlineData("""{"jobId":null,"owner":"o","sessionId":"s","conversationId":"c","message":"m","fingerprint":"","acceptedAt":"2025-01-01T00:00:00Z","traceId":"t"}""")]
    [InlineData("""{"jobId":"a","owner":"o","sessionId":"s","conversationId":"c","message":{},"fingerprint":"","acceptedAt":"2025-01-01T00:00:00Z","traceId":"t"}""")]
    [InlineData("""{"jobId":"a","owner":"o","sessionId":"s","conversationId":"c","message":"m","fingerprint":"","acceptedAt":"yesterday","traceId":"t"}""")]
    [InlineData("""{"jobId":"a","owner":"o","sessionId":"s","conversationId":"c","message":"BYTE","fingerprint":"","acceptedAt":"2025-01-01T00:00:00Z","traceId":"t"}""")]
    public async Task A_body_that_cannot_be_read_goes_to_the_dead_letters_and_harms_only_itself(string body)
    {
        await using var fixture = new SqliteQueueFixture();
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs[0]);
        fixture.Folder.Execute("INSERT INTO jobs (seq, job_id, conversation_id, owner, enqueued_at, body) VALUES (2, 'bad', '', '', 0, $1)", Bytes(body));
        await fixture.ReopenAsync();
        await fixture.EnqueueAsync(jobs[1]);

        var first = Assert.Single(await fixture.Queue.ReceiveAsync(10, None));
        await fixture.Queue.CompleteAsync(first, None);
        Assert.Equal(jobs[0], first.Job);
        Assert.Equal([jobs[1]], await fixture.DrainAsync());
        var letter = Assert.Single(await fixture.Queue.ListDeadLettersAsync(null, 10, None));
        Assert.Equal((true, ErrorCode.MessageUnreadable, "bad"), (letter.Job.Unreadable, letter.Reason, letter.Job.JobId));
        Assert.Equal(Bytes(body), letter.Body.ToArray());
        Assert.Equal(RedriveResult.Unreadable, await fixture.Queue.RedriveAsync(letter.Id, None));
        Assert.True(await fixture.Queue.DiscardAsync(letter.Id, None));
        Assert.Equal(0, (await fixture.Queue.MeasureAsync(None)).Waiting);
    }

    [Theory]
    [InlineData("not json", "", null)]
    [InlineData("[]", "", null)]
    [InlineData("{\"message\":{},\"turn\":\"two\"}", "", null)]
    [InlineData("{\"message\":\"BYTE\",\"turn\":2}", "", 2)]
    [InlineData("{\"message\":\"half of \\ud83d\"}", "", null)]
    [InlineData("{\"message\":\"what was asked\",\"turn\":1.5}", "what was asked", null)]
    [InlineData("{\"message\":\"of a later version\",\"jobId\":\"another\",\"owner\":\"another\"}", "of a later version", null)]
    public async Task A_body_that_cannot_be_read_comes_in_its_order_with_what_is_known_of_it(string body, string message, int? turn)
    {
        await using var fixture = new SqliteQueueFixture();
        var jobs = Samples.Jobs(2);
        await fixture.EnqueueAsync(jobs[0]);
        fixture.Folder.Execute(
            "INSERT INTO jobs (seq, job_id, conversation_id, owner, enqueued_at, body) VALUES (2, 'bad', $1, $2, 1000, $3)",
            jobs[0].ConversationId, jobs[0].Owner, Bytes(body));
        await fixture.ReopenAsync();
        await fixture.EnqueueAsync(jobs[1]);

        await fixture.Queue.CompleteAsync(await fixture.TakeOneAsync(), None);
        var lease = await fixture.TakeOneAsync();
        Assert.Equal(("bad", jobs[0].Conversation, true), (lease.Job.JobId, lease.Job.Conversation, lease.Job.Unreadable));
        Assert.Equal((message, turn, DateTimeOffset.FromUnixTimeSeconds(1)), (lease.Job.Message, lease.Job.Turn, lease.Job.AcceptedAt));
        Assert.True(await fixture.Queue.DeadLetterAsync(lease, ErrorCode.MessageUnreadable, None));

        var letter = Assert.Single(await fixture.Queue.ListDeadLettersAsync(null, 10, None));
        Assert.Equal(("bad", jobs[0].Conversation, true), (letter.Job.JobId, letter.Job.Conversation, letter.Job.Unreadable));
        Assert.Equal(Bytes(body), letter.Body.ToArray());
        Assert.Equal(RedriveResult.Unreadable, await fixture.Queue.RedriveAsync(letter.Id, None));
        Assert.Equal([jobs[1]], await fixture.DrainAsync());
    }

    [Fact]
    public async Task A_completed_job_may_be_committed_again_at_once()
    {
        await using var fixture = new SqliteQueueFixture();
        var job = Samples.Job();
        await fixture.EnqueueAsync(job);
        await fixture.DrainAsync();
        await fixture.EnqueueAsync(job);

        Assert.Equal(job, (await fixture.TakeOneAsync()).Job);
    }

    [Fact]
    public async Task A_backlog_larger_than_the_window_in_memory_comes_whole_and_in_order()
    {
        await using var fixture = new SqliteQueueFixture();
        var jobs = await BacklogAsync(fixture);

        AssertOrder(jobs, await fixture.DrainAsync());
    }

    [Fact]
    public async Task A_backlog_larger_than_the_window_survives_its_process_and_grows_while_it_is_worked_off()
    {
        await using var fixture = new SqliteQueueFixture();
        var jobs = await BacklogAsync(fixture);
        await fixture.ReopenAsync();

        var done = new List<JobMessage>();
        for (var round = 0; round < 40; round++)
        {
            var more = Samples.Job(jobs[round].ConversationId, $"late {round}");
            jobs.Add(more);
            await fixture.EnqueueAsync(more);
            foreach (var lease in await fixture.TakeAsync(30))
            {
                Assert.True(await fixture.Queue.CompleteAsync(lease, None));
                done.Add(lease.Job);
            }
        }

        done.AddRange(await fixture.DrainAsync());
        AssertOrder(jobs, done);
    }

    [Fact]
    public async Task An_engine_that_fails_is_said_in_the_ports_words()
    {
        await using var fixture = new SqliteQueueFixture();
        await fixture.EnqueueAsync(Samples.Jobs(1));
        await fixture.ReopenAsync();
        fixture.Folder.Execute("ALTER TABLE jobs RENAME TO gone; ALTER TABLE dead_letters RENAME TO gone_too;");
        var queue = fixture.Queue;

        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.EnqueueAsync(Samples.Job(), None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.ReceiveAsync(1, None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.MeasureAsync(None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.ListDeadLettersAsync(null, 1, None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.FindDeadLetterAsync("1", None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.RedriveAsync("1", None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => queue.DiscardAsync("1", None));
    }

    [Fact]
    public async Task After_its_database_was_closed_the_queue_takes_and_reads_nothing_and_says_so()
    {
        await using var fixture = new SqliteQueueFixture();
        fixture.Folder.Database.Dispose();

        await Assert.ThrowsAsync<QueueUnavailableException>(() => fixture.Queue.EnqueueAsync(Samples.Job(), None));
        await Assert.ThrowsAsync<QueueUnavailableException>(() => fixture.Queue.MeasureAsync(None));
    }

    // 60 conversations, their jobs interleaved: more than the lanes hold in memory.
    private static async Task<List<JobMessage>> BacklogAsync(SqliteQueueFixture fixture)
    {
        var conversations = Enumerable.Range(0, 60).Select(_ => Samples.Conversation()).ToArray();
        var jobs = Enumerable.Range(0, 4500).Select(i => Samples.Job(conversations[i * 7 % 60], $"{i}")).ToList();
        await Task.WhenAll(jobs.GroupBy(job => job.ConversationId).Select(conversation => Task.Run(() => fixture.EnqueueAsync(conversation))));
        return jobs;
    }

    private static void AssertOrder(IReadOnlyCollection<JobMessage> committed, IReadOnlyCollection<JobMessage> done)
    {
        Assert.Equal(committed.Count, done.Count);
        foreach (var conversation in committed.GroupBy(job => job.ConversationId))
        {
            Assert.Equal(
                conversation.Select(job => job.Message),
                done.Where(job => job.ConversationId == conversation.Key).Select(job => job.Message));
        }
    }

    // BYTE stands for a byte that no UTF-8 has.
    private static byte[] Bytes(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var at = body.IndexOf("BYTE", StringComparison.Ordinal);
        if (at >= 0)
        {
            bytes[at] = 0xFF;
        }

        return bytes;
    }
}
