using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws;
using CloudIa.Aws.History;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>What the engine limits or refuses: long texts, long pages, lost answers, silence.</summary>
public sealed class DynamoStoreLimitTests(DynamoFixture dynamo) : IClassFixture<DynamoFixture>
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly DynamoConversationStore store = dynamo.NewStore();
    private readonly string owner = Samples.Owner();

    [Fact]
    public async Task An_answer_of_1_MiB_in_characters_of_4_bytes_is_read_back_as_it_was()
    {
        var answer = string.Concat(Enumerable.Range(0, 262_144).Select(i => char.ConvertFromUtf32(0x1F300 + (i % 500))));
        var job = await AnsweredAsync(Samples.Job(message: string.Concat(Enumerable.Repeat("𝒳世", 10_000)), owner: owner), answer);

        Assert.Equal(answer, (await store.FindAsync(job.Key, None))!.End!.Content);
        var turn = Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 1, None));
        Assert.Equal((job.Message, answer), (turn.Message, turn.End!.Content));
    }

    [Fact]
    public async Task Turns_that_are_more_than_the_engine_gives_at_once_are_read_in_one_page()
    {
        var conversation = Samples.Conversation();
        for (var i = 1; i <= 5; i++)
        {
            await AnsweredAsync(Samples.Job(conversation, $"q{i}", owner), $"{i}{new string('a', 290_000)}");
        }

        var key = new ConversationKey(owner, conversation);
        Assert.Equal(["q5", "q4", "q3", "q2", "q1"], (await store.ReadTurnsAsync(key, null, 5, None)).Select(turn => turn.Message));
        Assert.Equal("12345", string.Concat((await store.ReadTurnsAfterAsync(key, 0, 5, None)).Select(turn => turn.End!.Content[0])));
    }

    [Fact]
    public async Task An_end_that_is_refused_leaves_nothing_of_its_text()
    {
        var job = Samples.Job(message: new string('m', 5_000), owner: owner);
        await store.BeginAsync(job, None);
        await store.BeginAsync(job, None);
        Assert.False(await store.FinishAsync(job.Key, 1, Samples.Answer(new string('s', 900_000)), None));
        Assert.Equal(2, await CountAsync(job));
        Assert.True(await store.FinishAsync(job.Key, 2, Samples.Answer("kept"), None));

        Assert.Equal((job.Message, "kept"), await store.FindAsync(job.Key, None) is { } turn ? (turn.Message, turn.End!.Content) : default);
    }

    [Fact]
    public async Task Owners_whose_names_look_like_keys_are_others()
    {
        var conversation = Samples.Conversation();
        foreach (var name in new[] { owner, $"{owner}#CHAT#{conversation}", $"{owner}%23CHAT%23{conversation}", $"{owner}#", $"{owner}%23" })
        {
            var job = await AnsweredAsync(Samples.Job(conversation, name, name), "x");
            Assert.Equal(name, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).Message);
            Assert.Equal(ConversationTitle.From(name), Assert.Single(await store.ListAsync(name, null, 10, None)).Title);
        }
    }

    [Fact]
    public async Task What_is_sent_twice_is_done_once()
    {
        var repeating = dynamo.NewStore(RepeatingClient.Of(dynamo.Client));
        var (job, stopped) = (Samples.Job(owner: owner), Samples.Job(owner: owner));
        await repeating.RecordPendingAsync(job, None);
        var begun = Assert.IsType<BeginResult.Started>(await repeating.BeginAsync(job, None));
        Assert.True(await repeating.FinishAsync(job.Key, begun.Attempt, Samples.Answer(new string('a', 400_000)), None));
        Assert.Equal(400_000, Assert.Single(await store.ReadTurnsAsync(job.Conversation, null, 10, None)).End!.Content.Length);

        await repeating.RecordPendingAsync(stopped, None);
        Assert.Equal(stopped.JobId, Assert.Single(await store.ReadPendingAsync(stopped.Conversation, 10, None)).JobId);
        Assert.NotNull(await repeating.RequestStopAsync(stopped.Key, Samples.Start, None));
        Assert.True(await store.BeginAsync(stopped, None) is BeginResult.StopAsked or BeginResult.Finished);
        Assert.NotNull(await repeating.DeleteAsync(job.Conversation, Samples.Start, None));
        Assert.Null(await store.FindAsync(job.Key, None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_table_that_is_away_is_said_in_the_ports_words_and_in_time(bool silent)
    {
        // It takes connections and says nothing, or is not there at all.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = silent ? ((IPEndPoint)listener.LocalEndpoint).Port : FreePorts.Next();

        var options = new AwsOptions { Table = "away", TableMilliseconds = 500 };
        using var client = DynamoFixture.ClientOf(new Uri($"http://127.0.0.1:{port}"), options);
        var away = new DynamoConversationStore(client, options, TimeProvider.System, cache: null);
        var job = Samples.Job(owner: owner);
        var since = Stopwatch.StartNew();
        await Task.WhenAll(
            AwayAsync(away.RecordPendingAsync(job, None)),
            AwayAsync(away.WithdrawPendingAsync(job, None)),
            AwayAsync(away.BeginAsync(job, None)),
            AwayAsync(away.PostponeAsync(job, 0, JobStatus.Deferred, None)),
            AwayAsync(away.FinishAsync(job.Key, 1, Samples.Answer(), None)),
            AwayAsync(away.RequestStopAsync(job.Key, Samples.Start, None)),
            AwayAsync(away.FindAsync(job.Key, None)),
            AwayAsync(away.ReadTurnsAsync(job.Conversation, null, 1, None)),
            AwayAsync(away.ReadTurnsAfterAsync(job.Conversation, 0, 1, None)),
            AwayAsync(away.ReadVersionsAsync(job.Conversation, 1, None)),
            AwayAsync(away.ReadPendingAsync(job.Conversation, 1, None)),
            AwayAsync(away.ReadUnfinishedAsync(job.Conversation, 1, None)),
            AwayAsync(away.FindConversationAsync(job.Conversation, None)),
            AwayAsync(away.WasDeletedAsync(job.Conversation, None)),
            AwayAsync(away.ChangeAsync(job.Conversation, new ConversationChange("title", null), None)),
            AwayAsync(away.DeleteAsync(job.Conversation, Samples.Start, None)),
            AwayAsync(away.ForkAsync(job.Conversation, 0, "fork", Samples.Start, None)),
            AwayAsync(away.ListAsync(owner, null, 1, None)),
            AwayAsync(away.SearchAsync(owner, "word", null, 1, None)));

        // 1.5 s, and what a busy machine adds; an SDK left to itself waits minutes.
        Assert.InRange(since.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_caller_that_goes_away_hears_that_and_nothing_else()
    {
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.FindAsync(Samples.Job(owner: owner).Key, gone.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.RecordPendingAsync(Samples.Job(owner: owner), gone.Token));
    }

    private static async Task AwayAsync(Task call) => await Assert.ThrowsAsync<HistoryUnavailableException>(() => call);

    private async Task<JobMessage> AnsweredAsync(JobMessage job, string answer)
    {
        await store.BeginAsync(job, None);
        Assert.True(await store.FinishAsync(job.Key, 1, Samples.Answer(answer), None));
        return job;
    }

    /// <summary>How many items lie in a conversation's partition.</summary>
    private async Task<int> CountAsync(JobMessage job) => (await dynamo.Client.QueryAsync(
        new QueryRequest
        {
            TableName = dynamo.Options.Table,
            Select = Select.COUNT,
            KeyConditionExpression = "pk = :pk",
            ExpressionAttributeValues = new() { [":pk"] = new AttributeValue { S = $"USER#{owner}#CHAT#{job.ConversationId}" } },
        },
        None)).Count ?? 0;
}
