using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Work;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

public sealed class WorkerStopTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new();

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_stop_between_a_run_and_its_release_leaves_no_delay_behind()
    {
        shop.WorkOptions.RetrySeconds = 300;
        var away = new ModelFailure(ModelFailureKind.Unreachable, "no connection");
        var model = new ScriptedModel(shop.Time, [[new Fail(new ModelCallException(away, null))], ScriptedModel.Says("next")]);
        var (job, next) = (Workshop.Job(), Workshop.Job());
        next = next with { ConversationId = job.ConversationId };
        await shop.EnqueueAsync(job);
        await shop.EnqueueAsync(next);
        var desk = new StopDesk(shop.Store, shop.Bus, shop.Queue, shop.Quota, shop.Time);
        var queue = new UnsteadyQueue(shop.Queue) { BeforeRelease = async lease => Assert.True((await desk.StopAsync(lease.Job.Key, None))!.EndedNow) };
        using var worker = shop.Worker(new ModelCatalog([model.In()]), queue);
        await worker.StartAsync(None);

        Assert.Equal(next.JobId, (await shop.NextAsync<MessageCompleted>()).JobId);
        await worker.StopAsync(None);
        Assert.Equal(JobStatus.Cancelled, (await shop.FindAsync(job)).Status);
        Assert.Equal(0, await shop.WaitingAsync());
    }
}
