using System.Globalization;
using CloudIa.Aws.History;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>What a turn costs, as the engine says it, and what grows with what.</summary>
public sealed class DynamoStoreCostTests(DynamoFixture dynamo, ITestOutputHelper output) : IClassFixture<DynamoFixture>
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly DynamoConversationStore store = dynamo.NewStore(cache: null);
    private readonly string owner = Samples.Owner();

    [Theory]
    [InlineData(100, 400)]
    [InlineData(300, 724)]
    public async Task A_turn_of_short_texts_costs_at_most_6_write_units(int question, int answer)
    {
        var conversation = Samples.Conversation();
        for (var turn = 1; turn <= 3; turn++)
        {
            var job = Samples.Job(conversation, new string('q', question), owner);
            var accepted = await CostOf("accept", () => store.RecordPendingAsync(job, None));
            var begun = await CostOf("begin", () => store.BeginAsync(job, None));
            var finished = await CostOf("finish", () => store.FinishAsync(job.Key, 1, Samples.Answer(new string('a', answer)), None));

            var (read, written) = (accepted.Read + begun.Read + finished.Read, accepted.Written + begun.Written + finished.Written);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"turn {turn} of {question} + {answer} bytes: {written} WRU, {read} RRU"));
            Assert.InRange(written, 4, 6);
            Assert.InRange(read, 1, 6);
        }
    }

    [Fact]
    public async Task A_page_costs_what_is_on_it_and_not_what_the_history_is_long()
    {
        var conversation = new ConversationKey(owner, Samples.Conversation());
        double Small = 0;
        for (var turn = 1; turn <= 60; turn++)
        {
            var job = Samples.Job(conversation.ConversationId, "question", owner);
            await store.BeginAsync(job, None);
            await store.FinishAsync(job.Key, 1, Samples.Answer("answer"), None);
            if (turn == 10)
            {
                Small = await PageAsync();
            }
        }

        Assert.InRange(Small, 1, 10);
        Assert.Equal(Small, await PageAsync());

        async Task<double> PageAsync() => (await CostOf("page of 5", () => store.ReadTurnsAsync(conversation, null, 5, None))).Read;
    }

    [Fact]
    public async Task A_long_message_is_written_once_whatever_becomes_of_its_turn()
    {
        var job = Samples.Job(message: new string('q', 30_000), owner: owner);
        await CostOf("accept", () => store.RecordPendingAsync(job, None));
        var begun = await CostOf("begin", () => store.BeginAsync(job, None));
        var finished = await CostOf("finish", () => store.FinishAsync(job.Key, 1, Samples.Answer(), None));

        Assert.InRange(begun.Written + finished.Written, 2, 4);
    }

    [Fact]
    public async Task A_begin_that_overtakes_the_mark_of_its_message_writes_no_more_than_one_behind_it()
    {
        // A worker may have a message while its gateway still shows it as waiting, between the two writes of that.
        var job = Samples.Job(owner: owner);
        var (client, gateway) = PausedClient.Of(dynamo.Client, 2);
        var pending = dynamo.NewStore(client).RecordPendingAsync(job, None);
        await gateway.Paused;

        var begun = await CostOf("begin", () => store.BeginAsync(job, None));
        gateway.GoOn();
        await pending;

        Assert.Equal(2, begun.Written);
        Assert.Empty(await store.ReadPendingAsync(job.Conversation, 10, None));
    }

    private async Task<(double Read, double Written)> CostOf(string what, Func<Task> work)
    {
        var before = store.Units.Sum;
        await work();
        var (read, written) = (store.Units.Sum.Read - before.Read, store.Units.Sum.Written - before.Written);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what}: {written} WRU, {read} RRU"));
        return (read, written);
    }
}
