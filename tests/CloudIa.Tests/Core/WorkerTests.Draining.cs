using CloudIa.Core.Model;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

/// <summary>This part: a worker leaves.</summary>
public sealed partial class WorkerTests
{
    [Fact]
    public async Task A_drain_releases_at_once_what_does_not_end_in_its_time()
    {
        shop.WorkOptions.DrainSeconds = 0;
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        var model = Model([new Say("cut"), Pass.Forever], ScriptedModel.Says("whole"));
        using (var worker = await StartAsync(model))
        {
            await model.WaitsAsync();
            await worker.StopAsync(None);
        }

        Assert.Null((await shop.FindAsync(job)).End);
        Assert.True(model.Tokens.First().IsCancellationRequested);

        // No time has passed: the lease did not have to run out.
        using var next = await StartAsync(model);
        Assert.Equal("whole", (await shop.NextAsync<MessageCompleted>()).Content);
        await next.StopAsync(None);
    }

    [Fact]
    public async Task A_drain_waits_no_longer_than_a_second_for_the_history_before_it_releases()
    {
        shop.WorkOptions.DrainSeconds = 0;
        await shop.EnqueueAsync(Workshop.Job());
        var model = Model([new Say("cut"), Pass.Forever], ScriptedModel.Says("whole"));
        var models = new ModelCatalog([model.In()]);
        var watched = new WatchedTime(shop.Time, TimeSpan.FromSeconds(1));
        using (var worker = shop.Worker(models, run: shop.Run(models, store: SilentStore.Over(shop.Store), clock: watched)))
        {
            await worker.StartAsync(None);
            await model.WaitsAsync();
            var stopping = worker.StopAsync(None);
            await watched.WaitsAsync();
            shop.Time.Advance(TimeSpan.FromSeconds(1));
            await stopping.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken);
        }

        // The lease did not have to run out.
        using var next = await StartAsync(model);
        Assert.Equal("whole", (await shop.NextAsync<MessageCompleted>()).Content);
        await next.StopAsync(None);
    }

    [Fact]
    public async Task A_drain_is_waited_for_though_the_host_has_no_more_time()
    {
        var goOn = new TaskCompletionSource();
        var model = Model([new Await(goOn.Task), .. ScriptedModel.Says("in time")]);
        await shop.EnqueueAsync(Workshop.Job());
        using var worker = await StartAsync(model);
        await model.WaitsAsync();
        var stopping = worker.StopAsync(new CancellationToken(canceled: true));
        Assert.False(stopping.IsCompleted);
        goOn.SetResult();
        await stopping;

        Assert.Equal("in time", (await shop.NextAsync<MessageCompleted>()).Content);
        Assert.Equal(0, await shop.WaitingAsync());
    }

    [Fact]
    public async Task A_drain_lets_an_answer_end_that_can_and_takes_no_more_jobs()
    {
        var goOn = new TaskCompletionSource();
        var model = Model([new Await(goOn.Task), .. ScriptedModel.Says("in time")]);
        await shop.EnqueueAsync(Workshop.Job());
        using var worker = await StartAsync(model);
        await model.WaitsAsync();
        var stopping = worker.StopAsync(None);
        await shop.EnqueueAsync(Workshop.Job());
        goOn.SetResult();
        await stopping;

        Assert.Equal("in time", (await shop.NextAsync<MessageCompleted>()).Content);
        Assert.Single(model.Prompts);
        Assert.Equal(1, await shop.WaitingAsync());
    }
}
