using System.Globalization;
using CloudIa.Aws.Intake;
using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CloudIa.TestEngines;
using StackExchange.Redis.Profiling;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>
/// How often a turn goes to Redis and back. On a server of its own: a node answers each stop that it hears of, also those
/// that other tests ask for.
/// </summary>
public sealed class RedisRoundTripTests(ITestOutputHelper output)
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_turn_takes_few_round_trips_and_text_at_most_fifty_a_second()
    {
        await using var server = new RedisServer();
        await server.StartAsync();
        await using var gateway = await RedisNode.OpenAsync(server);
        await using var worker = await RedisNode.OpenAsync(server);
        await Patience.Until<object>(
            _ => Task.FromResult<object?>(gateway.IsListening(gateway.Bus.Channel) && worker.IsListening(worker.Bus.Channel) ? this : null), "the nodes to listen", () => "");
        var job = Samples.Job(owner: Samples.Owner());
        using var feed = await gateway.Bus.FollowAsync(job.Owner, null, None);

        // Every script is known to the server before it is counted.
        await TurnAsync(gateway, worker, Samples.Job(owner: job.Owner));
        var counted = new ProfilingSession();
        gateway.Link.Multiplexer.RegisterProfiler(() => counted);
        worker.Link.Multiplexer.RegisterProfiler(() => counted);
        var (began, pieces) = (TimeProvider.System.GetTimestamp(), await TurnAsync(gateway, worker, job));
        var took = TimeProvider.System.GetElapsedTime(began);

        var calls = counted.FinishProfiling().Where(call => call.Command is not ("PING" or "SUBSCRIBE" or "UNSUBSCRIBE")).ToList();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Redis, one turn of {pieces} deltas in {took.TotalMilliseconds:0} ms: {calls.Count} round trips ({string.Join(", ", calls.GroupBy(call => call.Command).Select(group => $"{group.Count()} {group.Key}"))})."));

        // Reserve, accepted; start, end; settled by whoever stored the end, and by the worker: six. All others are text, and
        // follow each other after 20 ms at least. A machine that is late makes that longer, never shorter.
        var sent = calls.Select(call => call.CommandCreated).Order().ToList();
        var hurried = sent.Zip(sent.Skip(1), (one, next) => next - one).Count(gap => gap < TimeSpan.FromMilliseconds(18));
        Assert.True(calls.Count > 6, "No text was brought.");
        Assert.True(hurried <= 2 * 6, $"{hurried} of {calls.Count} calls came within 18 ms of the one before, in {took.TotalMilliseconds:0} ms.");
    }

    private static async Task<int> TurnAsync(RedisNode gateway, RedisNode worker, JobMessage job)
    {
        const int Pieces = 200;
        var live = TimeSpan.FromMinutes(20);
        await new RedisQuota(gateway.Link, new QuotaOptions(), live, TimeProvider.System).ReserveAsync(job.Key, None);
        await gateway.Bus.PublishAsync(job.Owner, new Accepted { JobId = job.JobId, ConversationId = job.ConversationId, Status = JobStatus.Queued }, None);

        await worker.Bus.StartAsync(job, new MessageStarted { JobId = job.JobId, ConversationId = job.ConversationId, Turn = 1, Attempt = 1, Model = "demo" }, null, None);
        for (var i = 0; i < Pieces; i++)
        {
            Assert.True(await worker.Bus.AppendAsync(job.Key, new Position(1, i * 4), "word", None));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }

        var quota = new RedisQuota(worker.Link, new QuotaOptions(), live, TimeProvider.System);
        await quota.SettleAsync(job.Key);
        await worker.Bus.EndAsync(job.Key, new MessageStopped { JobId = job.JobId, ConversationId = job.ConversationId, Turn = 1, Attempt = 1, Content = "" }, None);
        await quota.SettleAsync(job.Key);
        return Pieces;
    }
}
