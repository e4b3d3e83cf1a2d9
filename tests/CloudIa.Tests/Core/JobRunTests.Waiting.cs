using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

/// <summary>Failover before the first token, and jobs that wait for a provider.</summary>
public sealed partial class JobRunTests
{
    [Fact]
    public async Task A_model_that_fails_before_its_first_token_leaves_its_place_to_the_next_and_the_answer_says_who_gave_it()
    {
        var job = Workshop.Job();
        var (first, second) = (Model([Fails(ModelFailureKind.Overloaded)]), Model(ScriptedModel.Says("from ", "the second")));

        Assert.Equal(new Outcome.Done(), await shop.Run(Catalog(Named("a", first), Named("b", second))).RunAsync(job, None));
        var told = shop.Announced();
        Assert.Single(told.OfType<MessageStarted>());
        Assert.Empty(told.OfType<MessageRestarted>());
        Assert.Empty(told.OfType<ErrorEvent>());
        Assert.Equal(("from the second", "b", 1), told.OfType<MessageCompleted>().Single() is var end ? (end.Content, end.Metadata.Model, end.Attempt) : default);
        Assert.Equal((1, 1), (first.Prompts.Count, second.Prompts.Count));
    }

    [Fact]
    public async Task After_the_first_token_no_other_model_goes_on_with_the_text()
    {
        var job = Workshop.Job();
        var (first, second) = (Model([new Say("half"), Fails(ModelFailureKind.Overloaded)], ScriptedModel.Says("whole")), Model(ScriptedModel.Says("spliced")));
        var run = shop.Run(Catalog(Named("a", first), Named("b", second)));

        Assert.IsType<Outcome.Again>(await run.RunAsync(job, None));
        Assert.Empty(second.Prompts);
        Assert.Equal(new Outcome.Done(), await run.RunAsync(job, None));
        Assert.Equal("whole", (await shop.FindAsync(job)).End!.Content);
    }

    [Fact]
    public async Task What_is_wrong_with_the_prompt_itself_no_other_model_is_asked()
    {
        var second = Model(ScriptedModel.Says("unwanted"));
        var run = shop.Run(Catalog(Named("a", Model([Fails(ModelFailureKind.BadRequest)])), Named("b", second)));

        Assert.Equal(new Outcome.Dead(ErrorCode.ModelBadRequest), await run.RunAsync(Workshop.Job(), None));
        Assert.Empty(second.Prompts);
    }

    [Fact]
    public async Task A_model_whose_breaker_is_open_is_passed_over()
    {
        var (away, second) = (Named("a", Model(ScriptedModel.Says("unwanted"))), Model(ScriptedModel.Says("at once")));
        await OpenAsync(away);

        Assert.Equal(new Outcome.Done(), await shop.Run(Catalog(away, Named("b", second))).RunAsync(Workshop.Job(), None));
        Assert.Equal("b", shop.Announced().OfType<MessageStarted>().Single().Model);
    }

    [Fact]
    public async Task While_the_breaker_is_open_a_job_waits_unbegun_and_its_owner_is_told_until_when()
    {
        var job = Workshop.Job();
        var away = Named("a", Model(ScriptedModel.Says("at last")));
        await OpenAsync(away);
        await shop.EnqueueAsync(job);
        var run = shop.Run(Catalog(away));
        var reopens = away.Gate.View.RetryAt!.Value;

        Assert.Equal(new Outcome.Again(reopens - shop.Time.GetUtcNow()), await run.RunAsync(job, None));
        Assert.Equal((JobStatus.Deferred, 0), await shop.FindAsync(job) is var turn ? (turn.Status, turn.Attempt) : default);
        var told = Assert.IsType<ErrorEvent>(Assert.Single(shop.Announced()));
        Assert.Equal((job.JobId, ErrorCode.CircuitOpen, false, reopens), (told.JobId, told.Code, told.Final, told.RetryAt));

        shop.Time.Advance(reopens - shop.Time.GetUtcNow());
        Assert.Equal(new Outcome.Done(), await run.RunAsync(job, None));
        Assert.Equal((1, "at last"), await shop.FindAsync(job) is var done ? (done.Attempt, done.End!.Content) : default);
    }

    [Fact]
    public async Task A_job_whose_end_is_stored_does_not_wait_for_a_model()
    {
        var job = Workshop.Job();
        var model = Named("a", Model(ScriptedModel.Says("done"), [Fails(ModelFailureKind.Overloaded)]));
        var run = shop.Run(Catalog(model));
        await run.RunAsync(job, None);
        await OpenAsync(model);

        Assert.Equal(new Outcome.Done(), await run.RunAsync(job, None));
    }

    [Fact]
    public async Task A_job_whose_end_is_stored_does_not_wait_for_a_place()
    {
        var job = Workshop.Job();
        var model = Model(ScriptedModel.Says("done")).In(new ModelOptions { Name = "a", MaxConcurrency = 1 });
        var run = shop.Run(Catalog(model));
        await run.RunAsync(job, None);
        using var taken = model.Gate.TryEnter(out _);

        Assert.Equal(new Outcome.Done(), await run.RunAsync(job, None));
        Assert.IsType<Outcome.Again>(await run.RunAsync(await Accepted(), None));

        async Task<JobMessage> Accepted()
        {
            var another = Workshop.Job();
            await shop.EnqueueAsync(another);
            return another;
        }
    }

    [Fact]
    public async Task A_redriven_job_waits_for_its_provider_as_others_do_and_its_failure_is_told_no_more()
    {
        var job = Workshop.Job();
        var model = Named("a", Model([Refusal], ScriptedModel.Says("at last")));
        var run = shop.Run(Catalog(model));
        await run.RunAsync(job, None);
        await OpenAsync(model);
        var again = Redriven(job);
        shop.Announced();

        Assert.IsType<Outcome.Again>(await run.RunAsync(again, None));
        Assert.Equal((JobStatus.Deferred, null), await shop.FindAsync(job) is var waits ? (waits.Status, waits.End) : default);
        Assert.Equal((2, false), Assert.IsType<ErrorEvent>(Assert.Single(shop.Announced())) is var told ? (told.Attempt!.Value, told.Final) : default);
        Assert.IsType<Outcome.Again>(await run.RunAsync(again, None));

        shop.Time.Advance(model.Gate.View.RetryAt!.Value - shop.Time.GetUtcNow());
        Assert.Equal(new Outcome.Done(), await run.RunAsync(again, None));
        Assert.Equal("at last", (await shop.FindAsync(job)).End!.Content);
    }

    [Fact]
    public async Task However_often_a_provider_is_away_a_job_keeps_its_attempts_until_its_time_is_over()
    {
        shop.WorkOptions.MaxAttempts = 2;
        var job = Workshop.Job();
        await shop.EnqueueAsync(job);
        var run = shop.Run(Catalog(Named("a", Model([Fails(ModelFailureKind.Unreachable)]))));
        var deadline = job.AcceptedAt.AddSeconds(shop.WorkOptions.ProviderWaitSeconds);
        var waits = 0;
        Outcome outcome;
        while ((outcome = await run.RunAsync(job, None)) is Outcome.Again again)
        {
            Assert.InRange(again.Delay, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(123));
            Assert.True(shop.Time.GetUtcNow() + again.Delay <= deadline);
            Assert.Equal(JobStatus.Deferred, (await shop.FindAsync(job)).Status);
            shop.Time.Advance(again.Delay);
            waits++;
        }

        Assert.Equal(new Outcome.Dead(ErrorCode.DeadlineExceeded), outcome);
        Assert.Equal(deadline, shop.Time.GetUtcNow());
        Assert.InRange(waits, 8, 100);
        Assert.Contains(shop.Announced().OfType<ErrorEvent>(), told => told is { Final: true, Code: ErrorCode.DeadlineExceeded });
    }

    [Theory]
    [InlineData(ModelFailureKind.BadCredentials)]
    [InlineData(ModelFailureKind.BadRequest)]
    public async Task Where_the_next_model_cannot_answer_at_all_a_job_waits_for_the_one_that_may(ModelFailureKind kind)
    {
        var job = Workshop.Job();
        var run = shop.Run(Catalog(
            Named("a", Model([Fails(ModelFailureKind.Unreachable)], ScriptedModel.Says("after all"))), Named("b", Model([Fails(kind)]))));

        Assert.IsType<Outcome.Again>(await run.RunAsync(job, None));
        Assert.Equal(new Outcome.Done(), await run.RunAsync(job, None));
        Assert.Equal("after all", (await shop.FindAsync(job)).End!.Content);
    }

    [Fact]
    public async Task A_job_that_is_older_than_it_may_wait_does_not_try_again_the_sooner()
    {
        var job = Workshop.Job();
        shop.Time.Advance(TimeSpan.FromHours(1));
        var broken = new ModelFailure(ModelFailureKind.StreamBroken, "asked to fail", TimeSpan.FromSeconds(7));
        var model = Model([new Say("half"), new Fail(new ModelCallException(broken, null))]);

        Assert.Equal(new Outcome.Again(TimeSpan.FromSeconds(7)), await shop.Run(Catalog(Named("a", model))).RunAsync(job, None));
    }

    [Fact]
    public async Task From_its_redrive_on_a_job_may_wait_as_long_as_a_new_one()
    {
        var job = Workshop.Job();
        shop.Time.Advance(TimeSpan.FromHours(1));
        job = job with { RedrivenAt = shop.Time.GetUtcNow() };
        await shop.EnqueueAsync(job);

        Assert.IsType<Outcome.Again>(await shop.Run(Catalog(Named("a", Model([Fails(ModelFailureKind.Unreachable)])))).RunAsync(job, None));
    }

    [Fact]
    public async Task A_prompt_that_the_provider_always_fails_at_is_given_up_after_the_tries_of_one_attempt()
    {
        var model = Model([Fails(ModelFailureKind.Faulted)]);

        Assert.Equal(new Outcome.Dead(ErrorCode.ModelFailed), await shop.Run(Catalog(Named("a", model))).RunAsync(Workshop.Job(), None));
        Assert.Single(model.Prompts);
    }

    [Fact]
    public async Task A_job_whose_own_broken_stream_opened_the_breaker_waits_deferred_and_its_attempt_counts()
    {
        var job = Workshop.Job();
        var model = Model([new Say("half")]).In(new ModelOptions { Name = "a", Retries = 0, Breaker = { MinimumCalls = 2 } });
        var run = shop.Run(Catalog(model));
        await run.RunAsync(Workshop.Job(), None);
        shop.Announced();

        Assert.IsType<Outcome.Again>(await run.RunAsync(job, None));
        Assert.Equal(ErrorCode.CircuitOpen, shop.Announced().OfType<ErrorEvent>().Single().Code);
        Assert.Equal((JobStatus.Deferred, null), await shop.FindAsync(job) is var turn ? (turn.Status, turn.End) : default);
        Assert.Equal(2, Assert.IsType<BeginResult.Started>(await shop.Store.BeginAsync(job, None)).Counted);
    }

    [Fact]
    public async Task A_process_that_leaves_costs_no_attempt()
    {
        using var leaving = new CancellationTokenSource();
        var job = Workshop.Job();
        var model = Model([new Say("cut"), Pass.Forever]);
        var running = shop.Run(model.In()).RunAsync(job, leaving.Token, leaving.Token);
        await model.WaitsAsync();
        await leaving.CancelAsync();

        Assert.Equal(new Outcome.Again(TimeSpan.Zero), await running);
        Assert.Equal(1, Assert.IsType<BeginResult.Started>(await shop.Store.BeginAsync(job, None)).Counted);
    }

    private static Fail Fails(ModelFailureKind kind) => new(new ModelCallException(new ModelFailure(kind, "asked to fail"), null));

    private static ModelCatalog Catalog(params CatalogModel[] models) => new(models, [.. models.Select(model => model.Name)]);

    private static CatalogModel Named(string name, ScriptedModel model) => model.In(new ModelOptions { Name = name, Retries = 0 });

    /// <summary>Opens a model's breaker by calls that fail, over a client of its own.</summary>
    private async Task OpenAsync(CatalogModel model)
    {
        while (model.Gate.TryEnter(out _) is { } permit)
        {
            var failing = new ResilientChatClient(Model([Fails(ModelFailureKind.Overloaded)]), model.Options, permit, () => false, shop.Time);
            await new Generation(model, failing, []).RunAsync(_ => ValueTask.FromResult(true), None);
            permit.Dispose();
        }
    }
}
