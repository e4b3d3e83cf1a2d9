using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Work;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Tests.Core;

public sealed class WorkerStopTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new();

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_stop_between_a_run_and_its_release_leaves_no_delay_behind()
    {
        var throttled = new ModelFailure(ModelFailureKind.Throttled, "HTTP 429", TimeSpan.FromSeconds(600));
        var model = new ScriptedModel(shop.Time, [[new Fail(new ModelCallException(throttled, null))], ScriptedModel.Says("next")]);
        var (job, next) = (Workshop.Job(), Workshop.Job());
        next = next with { ConversationId = job.ConversationId };
        await shop.EnqueueAsync(job);
        await shop.EnqueueAsync(next);
        var desk = new StopDesk(shop.Store, shop.Bus, shop.Queue, shop.Time);
        var queue = new UnsteadyQueue(shop.Queue) { BeforeRelease = async lease => Assert.True((await desk.StopAsync(lease.Job.Key, None))!.EndedNow) };
        using var worker = new Worker(queue, shop.Quota, shop.Run(model.In()), shop.WorkOptions, shop.QueueOptions, shop.Clock, NullLogger<Worker>.Instance);
        await worker.StartAsync(None);

        Assert.Equal(next.JobId, (await shop.NextAsync<MessageCompleted>()).JobId);
        await worker.StopAsync(None);
        Assert.Equal(JobStatus.Cancelled, (await shop.FindAsync(job)).Status);
        Assert.Equal(0, await shop.WaitingAsync());
    }
}
