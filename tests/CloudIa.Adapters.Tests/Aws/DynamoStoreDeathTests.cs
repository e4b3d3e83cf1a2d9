using System.Globalization;
using Amazon.DynamoDBv2.Model;
using CloudIa.Aws.History;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;
using CloudIa.Protocol;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>A node may die at any write of any operation: the others go on as if nothing had been.</summary>
public sealed class DynamoStoreDeathTests(DynamoFixture dynamo) : IClassFixture<DynamoFixture>
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly string owner = Samples.Owner();
    private readonly DynamoConversationStore living = dynamo.NewStore();

    [Fact]
    public async Task A_death_on_the_way_of_a_message_leaves_no_gap_and_no_second_answer()
    {
        var answer = string.Concat(Enumerable.Repeat("👩‍👩‍👧", 40_000));
        await EachDeathAsync(async node =>
        {
            var first = await AnsweredAsync(Samples.Job(owner: owner), "a1");
            var (job, next) = (Again(first, "q2"), Again(first, "q3"));
            await DieAsync(async () =>
            {
                await node.RecordPendingAsync(job, None);
                await node.BeginAsync(job, None);
                await node.FinishAsync(job.Key, 1, Samples.Answer(answer), None);
            });

            // Another message comes first, then the one of the dead node again.
            var begun = Assert.IsType<BeginResult.Started>(await living.BeginAsync(next, None));
            Assert.Equal(Enumerable.Range(1, begun.Turn), (await living.ReadTurnsAfterAsync(first.Conversation, 0, 10, None)).Select(turn => turn.Number!.Value));
            if (await living.BeginAsync(job, None) is BeginResult.Started again)
            {
                Assert.True(await living.FinishAsync(job.Key, again.Attempt, Samples.Answer(answer), None));
            }

            var turns = await living.ReadTurnsAfterAsync(first.Conversation, 0, 10, None);
            Assert.Equal([1, 2, 3], turns.Select(turn => turn.Number!.Value));
            Assert.Equal(answer, turns.Single(turn => turn.JobId == job.JobId).End!.Content);
            Assert.Equal(next.JobId, Assert.Single(await living.ReadUnfinishedAsync(first.Conversation, 10, None)).JobId);
            Assert.Empty(await living.ReadPendingAsync(first.Conversation, 10, None));
            Assert.Equal((3, "Olá, IA!"), await living.FindConversationAsync(first.Conversation, None) is { } found ? (found.Turns, found.Title) : default);
        });
    }

    [Fact]
    public async Task A_death_in_a_stop_leaves_a_job_that_is_stopped_or_can_be()
    {
        await EachDeathAsync(async node =>
        {
            var job = Samples.Job(owner: owner);
            await living.RecordPendingAsync(job, None);
            await DieAsync(() => node.RequestStopAsync(job.Key, Samples.Start, None));

            Assert.NotNull(await living.RequestStopAsync(job.Key, Samples.Start, None));
            if (await living.BeginAsync(job, None) is not BeginResult.Finished)
            {
                Assert.True(await living.FinishAsync(job.Key, 1, TurnEnd.Stopped("", Samples.Start), None));
            }

            Assert.Equal((1, JobStatus.Cancelled), Assert.Single(await living.ReadTurnsAsync(job.Conversation, null, 10, None)) is var turn ? (turn.Number!.Value, turn.Status) : default);
        });
    }

    [Fact]
    public async Task A_death_in_a_regeneration_or_after_a_redrive_leaves_one_version()
    {
        await EachDeathAsync(async node =>
        {
            var job = await AnsweredAsync(Samples.Job(owner: owner), "a1");
            var again = job with { JobId = Guid.NewGuid().ToString("N"), Turn = 1 };
            var redriven = again with { Redrives = 1 };
            await DieAsync(async () =>
            {
                await node.RecordPendingAsync(again, None);
                await node.BeginAsync(again, None);
                await node.FinishAsync(again.Key, 1, Samples.Answer("") with { Status = JobStatus.Failed }, None);
                await node.BeginAsync(redriven, None);
            });

            var begun = Assert.IsType<BeginResult.Started>(await living.BeginAsync(redriven, None));
            Assert.True(await living.FinishAsync(again.Key, begun.Attempt, Samples.Answer("a2"), None));
            Assert.Equal(["a1", "a2"], (await living.ReadVersionsAsync(job.Conversation, 1, None)).Select(version => version.End!.Content));
            Assert.Empty(await living.ReadUnfinishedAsync(job.Conversation, 10, None));
        });
    }

    [Fact]
    public async Task A_deletion_that_was_cut_short_is_seen_at_once_and_goes_on_when_it_is_asked_for_again()
    {
        await EachDeathAsync(async node =>
        {
            var first = await AnsweredAsync(Samples.Job(owner: owner), new string('é', 400_000));
            var (running, waiting) = (Again(first, new string('x', 2_000)), Again(first, "waits"));
            await living.BeginAsync(running, None);
            await living.RecordPendingAsync(waiting, None);
            var died = await DieAsync(() => node.DeleteAsync(first.Conversation, Samples.Start, None));
            if (died && !await living.WasDeletedAsync(first.Conversation, None))
            {
                await living.DeleteAsync(first.Conversation, Samples.Start, None);
            }

            Assert.Null(await living.FindAsync(first.Key, None));
            Assert.Null(await living.FindConversationAsync(first.Conversation, None));
            Assert.Empty(await living.ReadTurnsAsync(first.Conversation, null, 10, None));
            Assert.IsType<BeginResult.Deleted>(await living.BeginAsync(waiting, None));
            await living.DeleteAsync(first.Conversation, Samples.Start, None);
            Assert.False(await living.FinishAsync(running.Key, 1, Samples.Answer(), None));
            Assert.True(await living.WasDeletedAsync(first.Conversation, None));
            Assert.Null(await living.DeleteAsync(first.Conversation, Samples.Start, None));
            Assert.DoesNotContain(await ItemsAsync(first), item => !item.ContainsKey(DynamoTable.ExpiresAt));
        });
    }

    [Fact]
    public async Task A_death_in_a_withdrawal_leaves_a_message_that_can_be_withdrawn_or_begun()
    {
        await EachDeathAsync(async node =>
        {
            var (job, begun) = (Samples.Job(owner: owner), Samples.Job(owner: owner));
            await living.RecordPendingAsync(job, None);
            await living.RecordPendingAsync(begun, None);
            await DieAsync(async () =>
            {
                await node.WithdrawPendingAsync(job, None);
                await node.WithdrawPendingAsync(begun, None);
            });
            await living.WithdrawPendingAsync(job, None);

            Assert.Null(await living.FindAsync(job.Key, None));
            Assert.Empty(await living.ReadPendingAsync(job.Conversation, 10, None));
            Assert.Equal(new BeginResult.Started(1, 1), await living.BeginAsync(begun, None));
            Assert.True(await living.FinishAsync(begun.Key, 1, Samples.Answer("all the same"), None));
            Assert.Equal("all the same", (await living.FindAsync(begun.Key, None))!.End!.Content);
        });
    }

    private static JobMessage Again(JobMessage job, string message) => job with { JobId = Guid.NewGuid().ToString("N"), Message = message };

    /// <summary>Whether the node died.</summary>
    private static async Task<bool> DieAsync(Func<Task> work)
    {
        try
        {
            await work();
            return false;
        }
        catch (HistoryUnavailableException)
        {
            return true;
        }
    }

    /// <summary>Does the same with nodes that die at their first write, at their second …, until one lives through it.</summary>
    private async Task EachDeathAsync(Func<DynamoConversationStore, Task> work)
    {
        var deaths = 0;
        foreach (var taken in new[] { false, true })
        {
            for (var write = 1; ; write++)
            {
                var (client, node) = MortalClient.Of(dynamo.Client, write, taken);
                await work(dynamo.NewStore(client));
                if (!node.IsDead)
                {
                    break;
                }

                deaths++;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{deaths} deaths"));
        Assert.InRange(deaths, 4, 100);
    }

    private async Task<JobMessage> AnsweredAsync(JobMessage job, string answer)
    {
        await living.BeginAsync(job, None);
        Assert.True(await living.FinishAsync(job.Key, 1, Samples.Answer(answer), None));
        return job;
    }

    /// <summary>All that lies in a conversation's partition.</summary>
    private async Task<List<Dictionary<string, AttributeValue>>> ItemsAsync(JobMessage job) => (await dynamo.Client.QueryAsync(
        new QueryRequest
        {
            TableName = dynamo.Options.Table,
            KeyConditionExpression = "pk = :pk",
            ExpressionAttributeValues = new() { [":pk"] = new AttributeValue { S = $"USER#{owner}#CHAT#{job.ConversationId}" } },
        },
        None)).Items ?? [];
}
