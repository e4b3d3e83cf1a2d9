using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Tests.Core;

/// <summary>Which posts take a place in flight, keep it and give it back; and when one is free again.</summary>
public sealed partial class JobsInFlightTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new();

    public JobsInFlightTests() => shop.QuotaOptions.JobsInFlight = 2;

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task One_more_than_the_limit_is_refused_before_anything_is_read_or_written()
    {
        await FillAsync();
        var refused = Assert.IsType<Admission.Refused>(await PostAsync(new Nothing(), new UnsteadyQueue(shop.Queue) { Full = true }, "one more", conversation: "unknown"));

        Assert.Equal((ErrorCode.TooManyJobs, QuotaRefusal.Jobs, QuotaOptions.PlaceRetryAfter), (refused.Code, refused.Quota!.Value.Refusal, refused.Quota.Value.RetryAfter));
        Assert.Equal(2, await shop.WaitingAsync());
    }

    [Fact]
    public async Task A_regeneration_takes_a_place_as_every_job_does()
    {
        var conversation = await AnsweredAsync();
        await PostAsync("one");
        Assert.IsType<Admission.Accepted>(await RegenerateAsync(shop.Store, conversation));

        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more")));
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await RegenerateAsync(new Nothing(), conversation)));
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await RegenerateAsync(shop.Store, conversation, "another key")));
    }

    [Fact]
    public async Task A_job_in_flight_that_is_posted_again_with_its_key_is_the_same_job_also_at_the_limit_and_counts_once()
    {
        var once = Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key"));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(once.Job, Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key")).Job);
        }

        Assert.IsType<Admission.Accepted>(await PostAsync("another"));
        Assert.Equal(once.Job, Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key")).Job);
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more")));
    }

    [Fact]
    public async Task At_the_limit_a_key_gives_the_receipt_of_its_ended_job_and_a_new_key_is_refused()
    {
        var ended = Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key"));
        await LeaveAsync(ended.Job);
        await FillAsync();
        shop.Announced();

        var again = Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key"));
        Assert.Equal((ended.Job, JobStatus.Cancelled), (again.Job, again.Status));
        Assert.Equal(ended.Job.JobId, Assert.Single(shop.Announced().OfType<Accepted>()).JobId);
        Assert.Equal(ErrorCode.KeyReused, Refusal(await PostAsync("another body", key: "key")));
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more", key: "new")));
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync(new Away(), shop.Queue, "keyed", key: "key")));
        Assert.Equal(2, await shop.WaitingAsync());
    }

    [Fact]
    public async Task At_the_limit_a_regenerations_key_gives_the_receipt_of_its_ended_job()
    {
        var conversation = await AnsweredAsync();
        var ended = Assert.IsType<Admission.Accepted>(await RegenerateAsync(shop.Store, conversation, "key"));
        await LeaveAsync(ended.Job);
        await FillAsync();

        Assert.Equal(ended.Job, Assert.IsType<Admission.Accepted>(await RegenerateAsync(shop.Store, conversation, "key")).Job);
    }

    [Fact]
    public async Task A_post_that_added_no_job_gives_its_place_back()
    {
        using var left = new CancellationTokenSource();
        await left.CancelAsync();
        var ended = Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key"));
        await LeaveAsync(ended.Job);
        var busy = Assert.IsType<Admission.Accepted>(await PostAsync("one")).ConversationId;

        Assert.Equal(ErrorCode.NotFound, Refusal(await PostAsync("nowhere", conversation: "unknown")));
        Assert.Equal(ErrorCode.ConversationBusy, Refusal(await PostAsync("busy", conversation: busy, whenBusy: WhenBusy.Reject)));
        Assert.Equal(ErrorCode.KeyReused, Refusal(await PostAsync("another body", key: "key")));
        Assert.IsType<Admission.Accepted>(await PostAsync("keyed", key: "key"));
        Assert.Equal(ErrorCode.StorageFull, Refusal(await PostAsync(shop.Store, new UnsteadyQueue(shop.Queue) { Full = true }, "no room")));
        Assert.Equal(ErrorCode.NotFound, Refusal(await RegenerateAsync(shop.Store, "unknown")));
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => RegenerateAsync(new Away(), busy));
        await Assert.ThrowsAsync<OperationCanceledException>(() => Intake(shop.Store, shop.Queue).AcceptAsync(Caller, Posted("left"), left.Token));

        Assert.IsType<Admission.Accepted>(await PostAsync("two"));
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more")));
    }

    [Fact]
    public async Task A_post_whose_sender_left_after_its_commit_keeps_its_place()
    {
        await Assert.ThrowsAsync<OperationCanceledException>(() => PostAsync(new Left(), shop.Queue, "committed"));
        await PostAsync("two");

        Assert.Equal(2, await shop.WaitingAsync());
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more")));
    }

    private static Caller Caller => new("owner", "session");

    private async Task FillAsync()
    {
        Assert.IsType<Admission.Accepted>(await PostAsync("one"));
        Assert.IsType<Admission.Accepted>(await PostAsync("two"));
        Assert.Equal(ErrorCode.TooManyJobs, Refusal(await PostAsync("one more")));
    }

    /// <summary>A conversation with one turn, and nothing in flight.</summary>
    private async Task<string> AnsweredAsync()
    {
        var accepted = Assert.IsType<Admission.Accepted>(await PostAsync("first"));
        await LeaveAsync(accepted.Job);
        return accepted.ConversationId;
    }

    /// <summary>Ends the one job that waits, as its worker does.</summary>
    private async Task LeaveAsync(JobKey job)
    {
        var lease = Assert.Single(await shop.Queue.ReceiveAsync(10, None));
        Assert.Equal(job, lease.Job.Key);
        await shop.Store.BeginAsync(lease.Job, None);
        await shop.Store.FinishAsync(job, 1, TurnEnd.Stopped("text", shop.Time.GetUtcNow()), None);
        await shop.Queue.CompleteAsync(lease, None);
        await shop.Quota.SettleAsync(job);
    }

    private Task<Admission> PostAsync(string message, string? conversation = null, WhenBusy? whenBusy = null, string? key = null) =>
        PostAsync(shop.Store, shop.Queue, message, conversation, whenBusy, key);

    private Task<Admission> PostAsync(
        IConversationStore store, IJobQueue queue, string message, string? conversation = null, WhenBusy? whenBusy = null, string? key = null) =>
        Intake(store, queue).AcceptAsync(Caller, Posted(message, conversation, whenBusy, key), None);

    private Task<Admission> RegenerateAsync(IConversationStore store, string conversation, string? key = null) =>
        Intake(store, shop.Queue).RegenerateAsync(Caller, conversation, null, key, new string('a', 32), None);

    private static PostedMessage Posted(string message, string? conversation = null, WhenBusy? whenBusy = null, string? key = null) =>
        new() { Message = message, ConversationId = conversation, WhenBusy = whenBusy, IdempotencyKey = key, TraceId = new string('a', 32) };

    private MessageIntake Intake(IConversationStore store, IJobQueue queue) => new(
        queue,
        store,
        shop.Bus,
        Stops(store, queue),
        shop.Quota,
        new ModelCatalog([new ScriptedModel(shop.Time).In()]),
        new IntakeOptions(),
        shop.Time,
        NullLogger<MessageIntake>.Instance);

    private StopDesk Stops(IConversationStore store, IJobQueue queue) => new(store, shop.Bus, queue, shop.Quota, shop.Time);

    private static string Refusal(Admission admission) => Assert.IsType<Admission.Refused>(admission).Code;

    /// <summary>A history that must not be asked.</summary>
    private sealed class Nothing : UnusedStore;

    private sealed class Away : UnusedStore
    {
        public override Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) => throw new HistoryUnavailableException("away", null);

        public override Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation) =>
            throw new HistoryUnavailableException("away", null);
    }

    /// <summary>A history whose sender is gone by the time that it is told of the message.</summary>
    private sealed class Left : UnusedStore
    {
        public override Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) => Task.FromException(new OperationCanceledException());
    }
}
