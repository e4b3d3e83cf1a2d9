using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

public sealed partial class WorkerTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new(leaps: true);

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_job_is_answered_and_leaves_the_queue()
    {
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        using var worker = await StartAsync(Model(ScriptedModel.Says("Olá!")));
        Assert.Equal("Olá!", (await shop.NextAsync<MessageCompleted>()).Content);
        await worker.StopAsync(None);

        Assert.Equal((0, 0), (await shop.WaitingAsync(), await shop.DeadLettersAsync()));
    }

    [Fact]
    public async Task Jobs_of_a_conversation_run_in_order_and_beside_those_of_others()
    {
        shop.WorkOptions.Concurrency = 2;
        var goOn = new TaskCompletionSource();
        var model = Model([new Await(goOn.Task), .. ScriptedModel.Says("slow")], ScriptedModel.Says("quick"));
        var first = Workshop.Job(message: "1");
        await shop.EnqueueAsync(first);
        using var worker = await StartAsync(model);
        await model.WaitsAsync();
        await shop.EnqueueAsync(Workshop.Job(first.ConversationId, "2"));
        await shop.EnqueueAsync(Workshop.Job(message: "another"));
        Assert.Equal("quick", (await shop.NextAsync<MessageCompleted>()).Content);
        goOn.SetResult();
        Assert.Equal(first.JobId, (await shop.NextAsync<MessageCompleted>()).JobId);
        await shop.NextAsync<MessageCompleted>();
        await worker.StopAsync(None);

        Assert.Equal(["1", "another", "2"], model.Prompts.Select(prompt => prompt[^1].Text));
    }

    [Fact]
    public async Task No_more_jobs_run_at_once_than_configured()
    {
        shop.WorkOptions.Concurrency = 3;
        var goOn = new TaskCompletionSource();
        var model = Model([new Await(goOn.Task), .. ScriptedModel.Says("done")]);
        for (var i = 0; i < 8; i++)
        {
            await shop.EnqueueAsync(Workshop.Job());
        }

        using var worker = await StartAsync(model);
        for (var i = 0; i < 3; i++)
        {
            await model.WaitsAsync();
        }

        Assert.Equal(3, model.Prompts.Count);
        goOn.SetResult();
        for (var i = 0; i < 8; i++)
        {
            await shop.NextAsync<MessageCompleted>();
        }

        await worker.StopAsync(None);
        Assert.Equal(0, await shop.WaitingAsync());
    }

    [Fact]
    public async Task A_failed_attempt_is_followed_by_one_that_succeeds()
    {
        shop.WorkOptions.RetrySeconds = 1;
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        using var worker = await StartAsync(Model([new Say("half")], [Overloaded], ScriptedModel.Says("whole")));

        // The second attempt comes at once, the third after a wait.
        await shop.NextAsync<ErrorEvent>();
        await shop.NextAsync<ErrorEvent>();
        await shop.NextAsync<MessageCompleted>();
        await worker.StopAsync(None);

        Assert.Equal((3, "whole"), await shop.FindAsync(job) is var turn ? (turn.Attempt, turn.End!.Content) : default);
        Assert.Equal((0, 0), (await shop.WaitingAsync(), await shop.DeadLettersAsync()));
    }

    [Fact]
    public async Task When_all_attempts_failed_the_user_is_told_and_the_job_is_a_dead_letter()
    {
        shop.WorkOptions.MaxAttempts = 2;
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        using var worker = await StartAsync(Model([new Say("half")]));
        var told = await shop.NextAsync<ErrorEvent>(error => error.Final);
        await worker.StopAsync(None);

        Assert.Equal(ErrorCode.ModelStreamBroken, told.Code);
        Assert.Equal(JobStatus.Failed, (await shop.FindAsync(job)).Status);
        var letter = Assert.Single(await shop.Queue.ListDeadLettersAsync(null, 10, None));
        Assert.Equal((job, ErrorCode.ModelStreamBroken), (letter.Job, letter.Reason));
        Assert.Equal(0, await shop.WaitingAsync());
    }

    [Fact]
    public async Task A_model_client_that_breaks_costs_its_job_attempts_and_the_worker_nothing()
    {
        shop.WorkOptions.MaxAttempts = 3;
        var bad = Workshop.Job();
        await shop.EnqueueAsync(bad);
        var breaks = new TaskCompletionSource();
        using var worker = await StartAsync(Model([new Do(breaks.SetResult), new Fail(new InvalidOperationException("a fault of the client's"))], ScriptedModel.Says("fine")));
        await breaks.Task;
        var good = Workshop.Job();
        await shop.EnqueueAsync(good);
        var completed = new[] { await shop.NextAsync<MessageCompleted>(), await shop.NextAsync<MessageCompleted>() };
        await worker.StopAsync(None);

        Assert.Equal(new HashSet<(string, int)> { (good.JobId, 1), (bad.JobId, 2) }, completed.Select(answer => (answer.JobId, answer.Attempt)).ToHashSet());
    }

    [Fact]
    public async Task A_client_that_always_breaks_ends_in_a_failure_and_not_in_a_loop()
    {
        shop.WorkOptions.MaxAttempts = 3;
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        var model = Model([new Fail(new InvalidOperationException("a fault of the client's"))]);
        using var worker = await StartAsync(model);
        var told = await shop.NextAsync<ErrorEvent>(error => error.Final);
        await worker.StopAsync(None);

        Assert.Equal(ErrorCode.AttemptsExhausted, told.Code);
        Assert.Equal(3, model.Prompts.Count);
        Assert.Equal(1, await shop.DeadLettersAsync());
    }

    [Fact]
    public async Task A_long_answer_keeps_its_lease()
    {
        var goOn = new TaskCompletionSource();
        var model = Model([new Say("long "), new Await(goOn.Task), .. ScriptedModel.Says("answer")]);
        await shop.EnqueueAsync(Workshop.Job());
        var watched = new WatchedTime(shop.Time, shop.QueueOptions.Heartbeat);
        var queue = new UnsteadyQueue(shop.Queue);
        using var worker = shop.Worker(new ModelCatalog([model.In(Patient)]), queue, watched);
        await worker.StartAsync(None);
        await model.WaitsAsync();
        for (var beat = 0; beat < 12; beat++)
        {
            await watched.WaitsAsync();
            shop.Time.Advance(shop.QueueOptions.Heartbeat);
        }

        await watched.WaitsAsync();
        Assert.Equal(12, queue.Extended);
        goOn.SetResult();
        Assert.Equal(("long answer", 1), await shop.NextAsync<MessageCompleted>() is var completed ? (completed.Content, completed.Attempt) : default);
        await worker.StopAsync(None);
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_closes_its_call_and_the_job_is_answered_by_the_next_attempt()
    {
        var model = Model([new Say("lost"), Pass.Forever], ScriptedModel.Says("found"));
        await shop.EnqueueAsync(Workshop.Job());
        using var worker = await StartAsync(model, Patient);
        await model.WaitsAsync();

        // As after a long pause of the process: the clock is far on before the heartbeat beats.
        shop.Time.Advance(TimeSpan.FromSeconds(100));
        var completed = await shop.NextAsync<MessageCompleted>();
        await worker.StopAsync(None);

        Assert.Equal(("found", 2), (completed.Content, completed.Attempt));
        Assert.True(model.Tokens.First().IsCancellationRequested);
        Assert.Equal((0, 0), (await shop.WaitingAsync(), await shop.DeadLettersAsync()));
    }

    [Fact]
    public async Task A_queue_that_is_away_is_asked_again_after_a_pause()
    {
        await shop.EnqueueAsync(Workshop.Job());
        var away = new UnsteadyQueue(shop.Queue) { Away = 3 };
        using var worker = shop.Worker(new ModelCatalog([Model(ScriptedModel.Says("back")).In()]), away);
        await worker.StartAsync(None);

        Assert.Equal("back", (await shop.NextAsync<MessageCompleted>()).Content);
        await worker.StopAsync(None);
    }

    private static ModelOptions Patient => new() { Name = "patient", SilenceSeconds = 1000, FirstTokenSeconds = 1000, TotalSeconds = 1000 };

    private static Fail Overloaded => new(new ModelCallException(new ModelFailure(ModelFailureKind.Overloaded, "HTTP 503"), null));

    private ScriptedModel Model(params Step[][] scripts) => new(shop.Time, scripts);

    private async Task<Worker> StartAsync(ScriptedModel model, ModelOptions? options = null)
    {
        var worker = shop.Worker(model.In(options));
        await worker.StartAsync(None);
        return worker;
    }
}
