using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Embedded.Delivery;
using CloudIa.Gateway;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using CloudIa.Tests.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CloudIa.Tests.Gateway;

public sealed class SharedFindsTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly JobKey Job = new("owner", "job");

    private readonly List<TaskCompletionSource<Turn?>> reads = [];
    private readonly SharedFinds finds;

    public SharedFindsTests() => finds = new SharedFinds((_, _) => Read());

    [Fact]
    public async Task All_that_ask_for_an_answer_at_once_have_one_read_and_one_copy_of_it()
    {
        var asked = Enumerable.Range(0, 20).Select(_ => finds.FindAsync(Job, None)).ToList();
        var answered = Ended(JobStatus.Completed);
        Assert.Single(reads).SetResult(answered);

        Assert.All(await Task.WhenAll(asked), found => Assert.Same(answered, found));
    }

    [Theory]
    [InlineData(JobStatus.Running)]
    [InlineData(JobStatus.Failed)]
    public async Task What_may_have_changed_since_a_read_began_is_read_again_for_who_asked_later(JobStatus before)
    {
        var first = finds.FindAsync(Job, None);
        var later = finds.FindAsync(Job, None);
        reads[0].SetResult(before == JobStatus.Running ? Running() : Ended(before));
        Assert.Equal(before, (await first)!.Status);
        await ReadsAre(2);
        reads[1].SetResult(Ended(JobStatus.Completed));

        Assert.Equal(JobStatus.Completed, (await later)!.Status);
    }

    [Fact]
    public async Task After_a_read_that_failed_who_asked_later_reads_again()
    {
        var first = finds.FindAsync(Job, None);
        var later = finds.FindAsync(Job, None);
        reads[0].SetException(new HistoryUnavailableException("away", null));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => first);
        await ReadsAre(2);
        reads[1].SetResult(Ended(JobStatus.Cancelled));

        Assert.Equal(JobStatus.Cancelled, (await later)!.Status);
    }

    [Fact]
    public async Task A_read_that_has_ended_is_nobodys_any_more_and_jobs_are_read_apart()
    {
        var first = finds.FindAsync(Job, None);
        reads[0].SetResult(Ended(JobStatus.Completed));
        await first;
        var again = finds.FindAsync(Job, None);
        var other = finds.FindAsync(Job with { JobId = "other" }, None);

        Assert.Equal(3, reads.Count);
        reads[1].SetResult(null);
        reads[2].SetResult(null);
        Assert.Null(await again);
        Assert.Null(await other);
    }

    [Fact]
    public async Task The_gateways_clients_share_their_reads()
    {
        using var services = new ServiceCollection()
            .AddSingleton<IConversationStore>(new ReadStore(Read))
            .AddSingleton<IDeliveryBus>(new InProcessDeliveryBus())
            .AddSingleton(TimeProvider.System)
            .AddGateway(new GatewayOptions())
            .BuildServiceProvider();
        var pumps = services.GetRequiredService<PumpServices>();
        var asked = Enumerable.Range(0, 20).Select(_ => pumps.Find(Job, None)).ToList();
        Assert.Single(reads).SetResult(Ended(JobStatus.Completed));

        Assert.Single((await Task.WhenAll(asked)).Distinct(ReferenceEqualityComparer.Instance));
    }

    private Task<Turn?> Read()
    {
        var read = new TaskCompletionSource<Turn?>();
        lock (reads)
        {
            reads.Add(read);
        }

        return read.Task;
    }

    private async Task ReadsAre(int count)
    {
        while (true)
        {
            lock (reads)
            {
                if (reads.Count >= count)
                {
                    return;
                }
            }

            await Task.Yield();
        }
    }

    private static Turn Running() => new()
    {
        JobId = Job.JobId,
        ConversationId = "conversation",
        Message = "message",
        Fingerprint = "",
        AcceptedAt = DateTimeOffset.UnixEpoch,
        Attempt = 1,
        Status = JobStatus.Running,
    };

    private static Turn Ended(JobStatus status) => Running() with
    {
        Status = status,
        End = new TurnEnd { Status = status, Content = "text", EndedAt = DateTimeOffset.UnixEpoch },
    };

    private sealed class ReadStore(Func<Task<Turn?>> read) : UnusedStore
    {
        public override Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) => read();
    }
}
