using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Protocol;

namespace CloudIa.Tests.Core;

/// <summary>How a job's end makes room for the next.</summary>
public sealed partial class JobsInFlightTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_job_that_was_answered_or_given_up_makes_room_for_the_next(bool refused)
    {
        await FillAsync();
        var model = new ScriptedModel(shop.Time, refused
            ? [new Fail(new ModelCallException(new ModelFailure(ModelFailureKind.BadRequest, "HTTP 400"), null))]
            : ScriptedModel.Says("done"));
        using (var worker = shop.Worker(model.In()))
        {
            await worker.StartAsync(None);
            for (var i = 0; i < 2; i++)
            {
                await (refused ? (Task)shop.NextAsync<ErrorEvent>() : shop.NextAsync<MessageCompleted>());
            }

            await worker.StopAsync(None);
        }

        Assert.Equal((0, refused ? 2 : 0), (await shop.WaitingAsync(), await shop.DeadLettersAsync()));
        await FillAsync();
    }

    [Fact]
    public async Task A_message_that_is_stopped_while_it_waits_and_one_whose_conversation_is_deleted_make_room_at_once()
    {
        var stopped = Assert.IsType<Admission.Accepted>(await PostAsync("waits"));
        var deleted = Assert.IsType<Admission.Accepted>(await PostAsync("waits, too"));
        Assert.True((await Stops(shop.Store, shop.Queue).StopAsync(stopped.Job, None))!.EndedNow);
        await new ConversationDesk(shop.Store, shop.Bus, shop.Quota, new IntakeOptions(), shop.Time)
            .DeleteAsync(new ConversationKey("owner", deleted.ConversationId), "trace", None);

        await FillAsync();
    }

    [Fact]
    public async Task A_job_that_is_stopped_between_two_attempts_makes_room_at_once()
    {
        var stopped = Assert.IsType<Admission.Accepted>(await PostAsync("tries")).Job;
        var lease = Assert.Single(await shop.Queue.ReceiveAsync(10, None));
        await shop.Store.BeginAsync(lease.Job, None);
        await shop.Queue.ReleaseAsync(lease, TimeSpan.FromMinutes(1), None);
        Assert.True((await Stops(shop.Store, shop.Queue).StopAsync(stopped, None))!.EndedNow);

        await FillAsync();
    }

    [Fact]
    public async Task A_job_whose_end_was_stored_by_one_who_died_then_makes_room_when_it_is_delivered_again()
    {
        var ended = Assert.IsType<Admission.Accepted>(await PostAsync("ends")).Job;
        var lease = Assert.Single(await shop.Queue.ReceiveAsync(10, None));
        await shop.Store.BeginAsync(lease.Job, None);
        await shop.Store.FinishAsync(ended, 1, TurnEnd.Stopped("", shop.Time.GetUtcNow()), None);
        await shop.Queue.ReleaseAsync(lease, TimeSpan.Zero, None);
        using (var worker = shop.Worker(new ScriptedModel(shop.Time).In()))
        {
            await worker.StartAsync(None);
            await shop.NextAsync<MessageStopped>();
            await worker.StopAsync(None);
        }

        await FillAsync();
    }

    [Fact]
    public async Task When_an_answers_end_is_told_its_place_is_free_already()
    {
        await FillAsync();
        var lease = (await shop.Queue.ReceiveAsync(10, None))[0];
        await shop.Run(new ScriptedModel(shop.Time, ScriptedModel.Says("done")).In()).RunAsync(lease.Job, None);
        await shop.NextAsync<MessageCompleted>();

        Assert.Equal(2, await shop.WaitingAsync());
        Assert.IsType<Admission.Accepted>(await PostAsync("next"));
        await shop.Queue.CompleteAsync(lease, None);
        await shop.Quota.SettleAsync(lease.Job.Key);
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more")));
    }
}
