using CloudIa.Core.Delivery;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Work;
using CloudIa.Protocol;
using CloudIa.Tests.Gateway;
using Microsoft.Extensions.AI;

namespace CloudIa.Tests.Core;

/// <summary>This part: stops, at whatever moment of a run.</summary>
public sealed partial class JobRunTests
{
    [Fact]
    public async Task A_job_whose_stop_was_asked_for_while_nobody_ran_it_ends_without_a_model_call()
    {
        var job = Workshop.Job();
        await shop.Store.BeginAsync(job, None);
        await shop.Store.RequestStopAsync(job.Key, shop.Time.GetUtcNow(), None);
        var model = Model(ScriptedModel.Says("unwanted"));

        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Empty(model.Prompts);
        Assert.Equal(JobStatus.Cancelled, (await shop.FindAsync(job)).Status);
        Assert.Equal("", shop.Announced().OfType<MessageStopped>().Single().Content);
    }

    [Fact]
    public async Task A_stop_closes_the_upstream_request_and_keeps_the_partial_text_and_its_usage()
    {
        var job = Workshop.Job();
        var model = Model([new Say("so far"), Pass.Forever]);
        var running = shop.Run(model.In()).RunAsync(job, None);
        await model.WaitsAsync();
        Assert.False((await Desk().StopAsync(job.Key, None))!.EndedNow);

        Assert.Equal(new Outcome.Done(), await running);
        Assert.True(model.Tokens.Single().IsCancellationRequested);
        var end = (await shop.FindAsync(job)).End!;
        Assert.Equal((JobStatus.Cancelled, "so far", "stopped"), (end.Status, end.Content, end.FinishReason));
        Assert.Equal(6, end.Usage!.OutputTokens);
        Assert.Equal("so far", shop.Announced().OfType<MessageStopped>().Single().Content);
    }

    [Theory]
    [InlineData(DeliveryState.Away)]
    [InlineData(DeliveryState.Lossy)]
    public async Task A_stop_whose_word_does_not_come_is_found_in_the_history(DeliveryState state)
    {
        var job = Workshop.Job();
        var model = Model([new Say("so far"), Pass.Forever]);
        var patient = model.In(new ModelOptions { Name = "patient", Provider = "demo", Retries = 0, SilenceSeconds = 1_000_000, TotalSeconds = 1_000_000 });
        var running = shop.Run(new ModelCatalog([patient]), new StatedBus(shop.Bus) { State = state }).RunAsync(job, None);
        await model.WaitsAsync();
        await shop.Store.RequestStopAsync(job.Key, shop.Time.GetUtcNow(), None);

        // Second by second, for as long as a busy machine takes to look.
        var began = TimeProvider.System.GetTimestamp();
        while (!running.IsCompleted && TimeProvider.System.GetElapsedTime(began) < Workshop.Patience)
        {
            shop.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(running, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, None));
        }

        Assert.Equal(new Outcome.Done(), await running.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken));
        Assert.Equal("so far", (await shop.FindAsync(job)).End!.Content);
    }

    [Theory]
    [InlineData(StopSignal.Unheard, JobStatus.Running, true)]
    [InlineData(StopSignal.Unknown, JobStatus.Running, false)]
    [InlineData(StopSignal.Unknown, JobStatus.Deferred, true)]
    [InlineData(StopSignal.Taken, JobStatus.Deferred, false)]
    public async Task A_job_is_ended_by_who_asks_only_where_no_worker_may_have_it(StopSignal signal, JobStatus status, bool ended)
    {
        var job = Workshop.Job();
        await shop.Store.BeginAsync(job, None);
        await shop.Store.PostponeAsync(job, 1, status, None);
        var bus = new StatedBus(shop.Bus) { Signal = signal };

        var result = await new StopDesk(shop.Store, bus, shop.Queue, shop.Quota, shop.Time).StopAsync(job.Key, None);
        Assert.Equal((ended, !ended), (result!.EndedNow, (await shop.FindAsync(job)).StopAsked));
    }

    [Fact]
    public async Task A_stop_between_the_begin_and_the_first_token_is_not_lost()
    {
        var job = Workshop.Job();
        var model = Model([Pass.Forever]);
        Task? stopping = null;

        // The tokens of so narrow a window are counted in step 5, between the two.
        var narrow = model.In(new ModelOptions { Name = "narrow", ContextTokens = 2, MaxOutputTokens = 1 }, _ =>
        {
            stopping ??= Desk().StopAsync(job.Key, None);
            return 1;
        });
        var outcome = await shop.Run(narrow).RunAsync(job, None).WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken);
        await stopping!;

        Assert.Equal(new Outcome.Done(), outcome);
        Assert.Equal(JobStatus.Cancelled, (await shop.FindAsync(job)).Status);
    }

    [Fact]
    public async Task A_stop_between_two_attempts_ends_the_job_at_once_and_keeps_what_was_shown()
    {
        var job = Workshop.Job();
        var model = Model([new Say("half")], ScriptedModel.Says("unwanted"));
        Assert.IsType<Outcome.Again>(await shop.Run(model.In()).RunAsync(job, None));
        shop.Announced();

        var stopped = (await Desk().StopAsync(job.Key, None))!;
        Assert.True(stopped.EndedNow);
        var turn = await shop.FindAsync(job);
        Assert.Equal(turn, stopped.Turn);
        Assert.Equal((JobStatus.Cancelled, "half", 1), (turn.Status, turn.End!.Content, turn.Attempt));
        Assert.Equal("half", Assert.IsType<MessageStopped>(Assert.Single(shop.Announced())).Content);
        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Single(model.Prompts);
    }

    [Fact]
    public async Task A_stop_between_two_attempts_lets_the_next_message_go_before_the_delay_is_over()
    {
        var (job, next) = (Workshop.Job(), Workshop.Job());
        next = next with { ConversationId = job.ConversationId };
        await shop.EnqueueAsync(job);
        await shop.EnqueueAsync(next);
        var lease = Assert.Single(await shop.Queue.ReceiveAsync(2, None));
        await shop.Store.BeginAsync(job, None);
        await shop.Queue.ReleaseAsync(lease, TimeSpan.FromSeconds(60), None);

        await Desk().StopAsync(job.Key, None);
        lease = Assert.Single(await shop.Queue.ReceiveAsync(2, None).WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken));
        Assert.Equal(new Outcome.Done(), await shop.Run(Model().In()).RunAsync(lease.Job, None));
        await shop.Queue.CompleteAsync(lease, None);
        Assert.Equal(next, Assert.Single(await shop.Queue.ReceiveAsync(2, None)).Job);
    }

    [Fact]
    public async Task A_stop_that_comes_while_an_attempt_fails_is_no_retry()
    {
        var job = Workshop.Job();
        Task? stopping = null;
        var model = Model([new Say("half"), new Do(() => stopping = Desk().StopAsync(job.Key, None))]);

        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Equal((JobStatus.Cancelled, "half"), (await shop.FindAsync(job)) is var turn ? (turn.Status, turn.End!.Content) : default);
        Assert.NotNull((await shop.FindAsync(job)).End!.Usage);
    }

    [Fact]
    public async Task A_stop_before_the_call_makes_none_and_costs_nothing()
    {
        var job = Workshop.Job();
        var model = Model(ScriptedModel.Says("unwanted"));
        Task? stopping = null;
        var narrow = model.In(new ModelOptions { Name = "narrow", ContextTokens = 2, MaxOutputTokens = 1 }, _ =>
        {
            stopping ??= Desk().StopAsync(job.Key, None);
            return 1;
        });

        Assert.Equal(new Outcome.Done(), await shop.Run(narrow).RunAsync(job, None));
        await stopping!;
        Assert.Empty(model.Prompts);
        Assert.Null((await shop.FindAsync(job)).End!.Usage);
    }

    [Fact]
    public async Task A_stop_of_a_job_that_waits_unbegun_for_a_provider_lets_the_next_message_go()
    {
        var (job, next) = (Workshop.Job(), Workshop.Job());
        next = next with { ConversationId = job.ConversationId };
        await shop.EnqueueAsync(job);
        await shop.EnqueueAsync(next);
        var lease = Assert.Single(await shop.Queue.ReceiveAsync(2, None));
        await shop.Store.PostponeAsync(job, attempt: 0, JobStatus.Deferred, None);
        await shop.Queue.ReleaseAsync(lease, TimeSpan.FromSeconds(60), None);

        Assert.True((await Desk().StopAsync(job.Key, None))!.EndedNow);
        lease = Assert.Single(await shop.Queue.ReceiveAsync(2, None).WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken));
        Assert.Equal(job.JobId, lease.Job.JobId);
        await shop.Queue.CompleteAsync(lease, None);
        Assert.Equal(next, Assert.Single(await shop.Queue.ReceiveAsync(2, None)).Job);
    }
}
