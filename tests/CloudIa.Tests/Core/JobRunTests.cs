using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Work;
using CloudIa.Protocol;
using Microsoft.Extensions.AI;

namespace CloudIa.Tests.Core;

public sealed partial class JobRunTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new();

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_run_stores_the_answer_before_it_announces_it()
    {
        var job = Workshop.Job();
        var model = Model([new Say("Olá, "), new Say("mundo"), new Spend(12, 3), new Stop(ChatFinishReason.Stop)]);
        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(job, None));

        var turn = await shop.FindAsync(job);
        Assert.Equal((JobStatus.Completed, "Olá, mundo", 1), (turn.Status, turn.End!.Content, turn.Attempt));
        Assert.Equal((new Usage(12, 3), "scripted", "stop"), (turn.End.Usage, turn.End.Model, turn.End.FinishReason));
        Assert.Collection(
            shop.Announced(),
            started => Assert.Equal((1, 1, "scripted"), Assert.IsType<MessageStarted>(started) is var s ? (s.Turn, s.Attempt, s.Model) : default),
            completed => Assert.Equal("Olá, mundo", Assert.IsType<MessageCompleted>(completed).Content));
    }

    [Fact]
    public async Task A_job_that_has_ended_is_announced_again_without_a_model_call()
    {
        var job = Workshop.Job();
        var model = Model(ScriptedModel.Says("once"));
        await shop.Run(model.In()).RunAsync(job, None);
        shop.Announced();

        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Single(model.Prompts);
        Assert.Equal("once", Assert.IsType<MessageCompleted>(Assert.Single(shop.Announced())).Content);
    }

    [Fact]
    public async Task A_job_whose_failure_was_stored_still_goes_to_the_dead_letters()
    {
        var job = Workshop.Job() with { Model = "gone" };
        var model = Model(ScriptedModel.Says("never"));
        await shop.Run(model.In()).RunAsync(job, None);
        shop.Announced();

        // As after a crash between the two: the queue delivers it again.
        Assert.Equal(new Outcome.Dead(ErrorCode.ModelUnknown), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Equal(ErrorCode.ModelUnknown, Assert.IsType<ErrorEvent>(Assert.Single(shop.Announced())).Code);
        Assert.Empty(model.Prompts);
    }

    [Fact]
    public async Task A_prompt_holds_the_users_message_once_and_the_turns_before_it()
    {
        var model = Model(ScriptedModel.Says("a1"), ScriptedModel.Says("a2"));
        var first = Workshop.Job(message: "q1");
        await shop.Store.RecordPendingAsync(first, None);
        await shop.Run(model.In()).RunAsync(first, None);
        var second = Workshop.Job(first.ConversationId, "q2");
        await shop.Store.RecordPendingAsync(second, None);
        await shop.Run(model.In()).RunAsync(second, None);

        Assert.Equal(["q1", "a1", "q2"], model.Prompts.Last().Skip(1).Select(message => message.Text));
    }

    [Fact]
    public async Task A_failure_that_heals_is_told_and_tried_again()
    {
        var job = Workshop.Job();
        var failure = new ModelFailure(ModelFailureKind.Throttled, "HTTP 429", TimeSpan.FromSeconds(30));
        var outcome = await shop.Run(Model([new Fail(new ModelCallException(failure, null))]).In()).RunAsync(job, None);

        // A little later than asked, behind those that have not been let in meanwhile.
        var delay = Assert.IsType<Outcome.Again>(outcome).Delay;
        Assert.InRange(delay, TimeSpan.FromSeconds(31), TimeSpan.FromSeconds(32));
        Assert.Equal((JobStatus.Deferred, null), await shop.FindAsync(job) is var turn ? (turn.Status, turn.End) : default);
        var told = shop.Announced().OfType<ErrorEvent>().Single();
        Assert.Equal((ErrorCode.ModelThrottled, false), (told.Code, told.Final));
        Assert.Equal(shop.Time.GetUtcNow() + delay, told.RetryAt);
    }

    [Fact]
    public async Task The_next_attempt_says_that_the_text_begins_again()
    {
        var job = Workshop.Job();
        var run = shop.Run(Model([new Say("half")], ScriptedModel.Says("whole")).In());
        await run.RunAsync(job, None);
        shop.Announced();
        await run.RunAsync(job, None);

        Assert.Collection(
            shop.Announced(),
            restarted => Assert.Equal(2, Assert.IsType<MessageRestarted>(restarted).Attempt),
            started => Assert.Equal(2, Assert.IsType<MessageStarted>(started).Attempt),
            completed => Assert.Equal(("whole", 2), Assert.IsType<MessageCompleted>(completed) is var c ? (c.Content, c.Attempt) : default));
    }

    [Theory]
    [InlineData(ModelFailureKind.BadRequest)]
    [InlineData(ModelFailureKind.BadCredentials)]
    [InlineData(ModelFailureKind.Refused)]
    public async Task A_failure_that_cannot_heal_is_stored_told_and_given_up_at_once(ModelFailureKind kind)
    {
        var job = Workshop.Job();
        var failure = new ModelFailure(kind, "HTTP 400");
        var outcome = await shop.Run(Model([new Fail(new ModelCallException(failure, null))]).In()).RunAsync(job, None);

        Assert.Equal(new Outcome.Dead(failure.Code), outcome);
        Assert.Equal((JobStatus.Failed, failure.Code), (await shop.FindAsync(job)) is var turn ? (turn.Status, turn.End!.ErrorCode) : default);
        Assert.True(shop.Announced().OfType<ErrorEvent>().Single().Final);
    }

    [Fact]
    public async Task Attempts_that_killed_their_workers_are_counted_too()
    {
        var job = Workshop.Job();
        for (var i = 0; i < shop.WorkOptions.MaxAttempts; i++)
        {
            await shop.Store.BeginAsync(job, None);
        }

        var model = Model(ScriptedModel.Says("too late"));
        Assert.Equal(new Outcome.Dead(ErrorCode.AttemptsExhausted), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Empty(model.Prompts);
    }

    [Fact]
    public async Task A_worker_that_was_overtaken_stores_and_delivers_nothing_more()
    {
        var job = Workshop.Job();
        var goOn = new TaskCompletionSource();
        var wentOn = false;
        var paused = Model([new Say("old"), new Await(goOn.Task), new Say(" text"), new Do(() => wentOn = true), new Stop(ChatFinishReason.Stop)]);
        var overtaken = shop.Run(paused.In()).RunAsync(job, None);
        await paused.WaitsAsync();
        var next = Model([new Say("new"), Pass.Forever]);
        using var cancelled = new CancellationTokenSource();
        var running = shop.Run(next.In()).RunAsync(job, cancelled.Token);
        await next.WaitsAsync();
        goOn.SetResult();

        Assert.Equal(new Outcome.Lost(), await overtaken);
        Assert.False(wentOn, "the overtaken call went on after its text was refused");
        Assert.Equal("new", (await shop.Bus.ReadAsync(job.Key, new Position(2, 0), None))!.Text);
        await cancelled.CancelAsync();
        Assert.Equal(new Outcome.Again(TimeSpan.Zero), await running);
        Assert.Null((await shop.FindAsync(job)).End);
    }

    [Fact]
    public async Task A_worker_that_was_overtaken_to_the_end_announces_the_end_that_is_stored()
    {
        var job = Workshop.Job();
        var goOn = new TaskCompletionSource();
        var paused = Model([new Say("old"), new Await(goOn.Task), new Stop(ChatFinishReason.Stop)]);
        var overtaken = shop.Run(paused.In()).RunAsync(job, None);
        await paused.WaitsAsync();
        Assert.Equal(new Outcome.Done(), await shop.Run(Model(ScriptedModel.Says("new")).In()).RunAsync(job, None));
        shop.Announced();
        goOn.SetResult();

        Assert.Equal(new Outcome.Done(), await overtaken);
        var told = Assert.IsType<MessageCompleted>(Assert.Single(shop.Announced()));
        Assert.Equal((2, "new"), (told.Attempt, told.Content));
        Assert.Null(await shop.Bus.ReadAsync(job.Key, Position.Start, None));
    }

    [Fact]
    public async Task A_model_that_is_no_longer_configured_is_a_final_failure()
    {
        var job = Workshop.Job() with { Model = "gone" };

        Assert.Equal(new Outcome.Dead(ErrorCode.ModelUnknown), await shop.Run(Model(ScriptedModel.Says("x")).In()).RunAsync(job, None));
        Assert.Equal(ErrorCode.ModelUnknown, (await shop.FindAsync(job)).End!.ErrorCode);
    }

    [Fact]
    public async Task A_conversation_deleted_while_its_answer_runs_closes_the_upstream_request_and_ends_every_job_of_it()
    {
        var (job, waiting) = (Workshop.Job(), Workshop.Job());
        waiting = waiting with { ConversationId = job.ConversationId };
        var model = Model([new Say("so far"), Pass.Forever]);
        var running = shop.Run(model.In()).RunAsync(job, None);
        await model.WaitsAsync();
        await shop.EnqueueAsync(waiting);
        Assert.True(await Conversations().DeleteAsync(job.Conversation, "trace", None));

        Assert.Equal(new Outcome.Done(), await running);
        Assert.True(model.Tokens.Single().IsCancellationRequested);
        var told = shop.Announced();
        Assert.True(told.OfType<ConversationUpdated>().Single().Deleted);
        Assert.All(new[] { job, waiting }, gone => Assert.Contains(told.OfType<ErrorEvent>(), end => end is { Final: true, Code: ErrorCode.ConversationDeleted } && end.JobId == gone.JobId));
        Assert.DoesNotContain(told, end => end is MessageStopped or MessageCompleted);
        Assert.Null(await shop.Bus.ReadAsync(job.Key, Position.Start, None));

        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(waiting, None));
        Assert.Single(model.Prompts);
        Assert.Null(await shop.Store.FindConversationAsync(job.Conversation, None));
    }

    [Fact]
    public async Task A_job_of_a_deleted_conversation_ends_without_a_model_call()
    {
        var job = Workshop.Job();
        await shop.Store.BeginAsync(job, None);
        await shop.Store.DeleteAsync(job.Conversation, shop.Time.GetUtcNow(), None);
        var model = Model(ScriptedModel.Says("unwanted"));

        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(job, None));
        Assert.Empty(model.Prompts);
        Assert.Equal((job.JobId, ErrorCode.ConversationDeleted, true), Assert.IsType<ErrorEvent>(Assert.Single(shop.Announced())) is var end ? (end.JobId, end.Code, end.Final) : default);
    }

    [Fact]
    public async Task The_conversations_own_system_prompt_is_what_the_model_is_told_first()
    {
        var job = Workshop.Job() with { SystemPrompt = "be a pirate" };
        var model = Model([new Say("half")], ScriptedModel.Says("whole"), ScriptedModel.Says("next"));
        await shop.Run(model.In()).RunAsync(job, None);
        await shop.Run(model.In()).RunAsync(job, None);
        await Conversations().ChangeAsync(job.Conversation, new ConversationChange(null, "be a cook"), "trace", None);
        await shop.Run(model.In()).RunAsync(Workshop.Job(job.ConversationId), None);

        Assert.Equal(["be a pirate", "be a pirate", "be a cook"], model.Prompts.Select(prompt => prompt[0].Text));
    }

    [Fact]
    public async Task A_regeneration_recalls_the_turns_before_its_own_and_later_turns_recall_its_answer()
    {
        var model = Model(ScriptedModel.Says("a1"), ScriptedModel.Says("a2"), ScriptedModel.Says("better"), ScriptedModel.Says("a3"));
        var run = shop.Run(model.In());
        var first = Workshop.Job(message: "q1");
        var second = Workshop.Job(first.ConversationId, "q2");
        await run.RunAsync(first, None);
        await run.RunAsync(second, None);
        shop.Announced();
        await run.RunAsync(Workshop.Job(first.ConversationId, "q2") with { Turn = 2 }, None);
        Assert.Equal((2, 2), shop.Announced().OfType<MessageStarted>().Single() is var started ? (started.Turn, started.Version) : default);
        await run.RunAsync(Workshop.Job(first.ConversationId, "q3"), None);

        var prompts = model.Prompts.Select(prompt => string.Join(' ', prompt.Skip(1).Select(message => message.Text))).ToList();
        Assert.Equal(["q1", "q1 a1 q2", "q1 a1 q2", "q1 a1 q2 better q3"], prompts);
    }

    private ConversationDesk Conversations() => new(shop.Store, shop.Bus, shop.Quota, new IntakeOptions(), shop.Time);

    private StopDesk Desk() => new(shop.Store, shop.Bus, shop.Queue, shop.Quota, shop.Time);

    private ScriptedModel Model(params Step[][] scripts) => new(shop.Time, scripts);
}
