using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Work;
using CloudIa.Protocol;
using CloudIa.Tests.Gateway;
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

    [Fact]
    public async Task A_stop_that_is_asked_for_on_another_machine_ends_the_delay_of_a_job_that_this_one_gave_back()
    {
        shop.WorkOptions.RetrySeconds = 300;
        var away = new ModelFailure(ModelFailureKind.Unreachable, "no connection");
        var model = new ScriptedModel(shop.Time, [[new Fail(new ModelCallException(away, null))], ScriptedModel.Says("at last")]);
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        var waits = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var listeners = 0;
        var bus = new StatedBus(shop.Bus)
        {
            State = DeliveryState.Lossy,
            Listening = () =>
            {
                // The run's own first, and then for the time that it waits.
                if (Interlocked.Increment(ref listeners) == 2)
                {
                    waits.SetResult();
                }
            },
        };
        var models = new ModelCatalog([model.In()]);
        using var worker = new Worker(
            shop.Queue, shop.Quota, shop.Run(models, bus), models, shop.WorkOptions, shop.QueueOptions, shop.Clock, NullLogger<Worker>.Instance);
        await worker.StartAsync(None);
        await waits.Task.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken);

        // Whoever asks is told that nobody runs it, and ends it: here nobody does, so it is tried again, and at once.
        Assert.Equal(StopSignal.Unheard, await bus.SignalStopAsync(job.Key, None));
        Assert.Equal("at last", (await shop.NextAsync<MessageCompleted>()).Content);
        await worker.StopAsync(None);
        Assert.Equal(0, await shop.WaitingAsync());
    }
}
