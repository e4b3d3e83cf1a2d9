using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Core.Work;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

/// <summary>This part: jobs that come from the dead letters, and those that cannot be read.</summary>
public sealed partial class JobRunTests
{
    [Fact]
    public async Task A_redriven_job_is_answered_and_whoever_heard_its_failure_hears_the_answer_begin()
    {
        var job = Workshop.Job();
        var run = shop.Run(Model([Refusal], ScriptedModel.Says("at last")).In());
        Assert.IsType<Outcome.Dead>(await run.RunAsync(job, None));
        Assert.True(Assert.IsType<ErrorEvent>(shop.Announced()[^1]).Final);
        Assert.Equal(new Outcome.Done(), await run.RunAsync(Redriven(job), None));

        Assert.Collection(
            shop.Announced(),
            restarted => Assert.Equal(2, Assert.IsType<MessageRestarted>(restarted).Attempt),
            started => Assert.Equal((1, 2), Assert.IsType<MessageStarted>(started) is var s ? (s.Turn, s.Attempt) : default),
            completed => Assert.Equal(("at last", 1), Assert.IsType<MessageCompleted>(completed) is var c ? (c.Content, c.Turn) : default));
        Assert.Equal((JobStatus.Completed, "at last", 2), await shop.FindAsync(job) is var turn ? (turn.Status, turn.End!.Content, turn.Attempt) : default);
    }

    [Fact]
    public async Task A_redriven_job_has_all_its_attempts_again_and_then_is_given_up_once()
    {
        shop.WorkOptions.MaxAttempts = 2;
        var job = Workshop.Job();
        var model = Model([new Say("half"), Broken]);
        var run = shop.Run(model.In(new ModelOptions { Name = "m", Retries = 0, Breaker = { MinimumCalls = 1000 } }));
        Assert.IsType<Outcome.Again>(await run.RunAsync(job, None));
        Assert.IsType<Outcome.Dead>(await run.RunAsync(job, None));

        var again = Redriven(job);
        Assert.IsType<Outcome.Again>(await run.RunAsync(again, None));
        Assert.IsType<Outcome.Dead>(await run.RunAsync(again, None));
        Assert.Equal(4, model.Prompts.Count);

        // Its worker died before the message was moved: delivered once more, there is no further call.
        Assert.IsType<Outcome.Dead>(await run.RunAsync(again, None));
        Assert.IsType<Outcome.Dead>(await run.RunAsync(job, None));
        Assert.Equal(4, model.Prompts.Count);
    }

    [Fact]
    public async Task A_job_that_kills_its_worker_every_time_fails_at_the_begin_after_its_last_attempt_and_is_answered_when_redriven()
    {
        shop.WorkOptions.MaxAttempts = 3;
        var job = Workshop.Job();
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await shop.Store.BeginAsync(job, None);
        }

        var model = Model(ScriptedModel.Says("harmless"));
        var run = shop.Run(model.In());
        Assert.Equal(new Outcome.Dead(ErrorCode.AttemptsExhausted), await run.RunAsync(job, None));
        Assert.Empty(model.Prompts);
        Assert.Equal(new Outcome.Done(), await run.RunAsync(Redriven(job), None));
        Assert.Equal(("harmless", 5), await shop.FindAsync(job) is var turn ? (turn.End!.Content, turn.Attempt) : default);
    }

    [Fact]
    public async Task A_redriven_turn_recalls_what_was_before_it_and_not_what_came_since()
    {
        var model = Model(ScriptedModel.Says("a1"), [Refusal], ScriptedModel.Says("a3"), ScriptedModel.Says("a2"));
        var run = shop.Run(model.In());
        var first = Workshop.Job(message: "q1");
        var second = Workshop.Job(first.ConversationId, "q2");
        await run.RunAsync(first, None);
        await run.RunAsync(second, None);
        await run.RunAsync(Workshop.Job(first.ConversationId, "q3"), None);
        await run.RunAsync(Redriven(second), None);

        Assert.Equal(["q1", "a1", "q2"], model.Prompts.Last().Skip(1).Select(message => message.Text));
    }

    [Fact]
    public async Task A_redriven_job_of_a_deleted_conversation_is_done()
    {
        var job = Workshop.Job();
        var model = Model([Refusal], ScriptedModel.Says("never"));
        await shop.Run(model.In()).RunAsync(job, None);
        await shop.Store.DeleteAsync(job.Conversation, shop.Time.GetUtcNow(), None);

        Assert.Equal(new Outcome.Done(), await shop.Run(model.In()).RunAsync(Redriven(job), None));
        Assert.Single(model.Prompts);
    }

    [Fact]
    public async Task Of_a_message_that_cannot_be_read_the_owner_is_told_before_it_goes_to_the_dead_letters()
    {
        var job = Workshop.Job(message: "what could be made out") with { Unreadable = true };
        var model = Model(ScriptedModel.Says("never"));
        Assert.Equal(new Outcome.Dead(ErrorCode.MessageUnreadable), await shop.Run(model.In()).RunAsync(job, None));

        Assert.Empty(model.Prompts);
        var turn = await shop.FindAsync(job);
        Assert.Equal((JobStatus.Failed, ErrorCode.MessageUnreadable, "what could be made out"), (turn.Status, turn.End!.ErrorCode, turn.Message));
        Assert.Equal((job.JobId, true), shop.Announced().OfType<ErrorEvent>().Single() is var told ? (told.JobId, told.Final) : default);
    }

    private static Fail Refusal => new(new ModelCallException(new ModelFailure(ModelFailureKind.Refused, "for a test"), null));

    private static Fail Broken => new(new ModelCallException(new ModelFailure(ModelFailureKind.StreamBroken, "for a test"), null));

    private JobMessage Redriven(JobMessage job) => job with { Redrives = job.Redrives + 1, RedrivenAt = shop.Time.GetUtcNow() };
}
