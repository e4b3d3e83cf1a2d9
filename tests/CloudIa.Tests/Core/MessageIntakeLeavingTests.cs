using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Tests.Core;

/// <summary>Posts whose sender leaves, whose queue does not take them, or whose names nobody has.</summary>
public sealed class MessageIntakeLeavingTests : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Caller Caller = new("owner", "session");
    private static readonly JobKey Keyed = new("owner", Identifiers.JobOf("owner", "key"));

    private readonly Workshop shop = new();

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_sender_who_leaves_during_the_commit_leaves_a_job_that_is_queued_and_shown()
    {
        using var left = new CancellationTokenSource();
        var queue = new UnsteadyQueue(shop.Queue) { BeforeEnqueue = left.CancelAsync };

        var accepted = Assert.IsType<Admission.Accepted>(await Intake(queue, shop.Store).AcceptAsync(Caller, Posted(), left.Token));

        Assert.True(left.IsCancellationRequested);
        Assert.Equal(accepted.Job, Assert.Single(await shop.Queue.ReceiveAsync(10, None)).Job.Key);
        Assert.Equal(JobStatus.Queued, (await shop.Store.FindAsync(accepted.Job, None))?.Status);
    }

    [Fact]
    public async Task A_sender_who_left_before_the_commit_leaves_nothing()
    {
        using var left = new CancellationTokenSource();
        await left.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Intake(shop.Queue, shop.Store).AcceptAsync(Caller, Posted(), left.Token));

        Assert.Null(await shop.Store.FindAsync(Keyed, None));
        Assert.Equal(0, (await shop.Queue.MeasureAsync(None)).Waiting);
    }

    [Fact]
    public async Task What_the_queue_did_not_take_is_not_shown()
    {
        var refused = Assert.IsType<Admission.Refused>(await Intake(new UnsteadyQueue(shop.Queue) { Full = true }, shop.Store).AcceptAsync(Caller, Posted(), None));

        Assert.Equal(ErrorCode.StorageFull, refused.Code);
        Assert.Null(await shop.Store.FindAsync(Keyed, None));
    }

    [Fact]
    public async Task A_key_that_is_repeated_while_the_queue_is_away_leaves_the_turn_of_its_first_post()
    {
        Assert.IsType<Admission.Accepted>(await Intake(shop.Queue, shop.Store).AcceptAsync(Caller, Posted(), None));

        Assert.IsType<Admission.Refused>(await Intake(new UnsteadyQueue(shop.Queue) { Full = true }, shop.Store).AcceptAsync(Caller, Posted(), None));

        Assert.Equal(JobStatus.Queued, (await shop.Store.FindAsync(Keyed, None))?.Status);
    }

    [Fact]
    public async Task A_conversation_of_a_longer_name_than_any_is_not_there_and_no_store_is_asked()
    {
        var intake = Intake(shop.Queue, new SilentStore());
        var name = new string('c', Identifiers.MaxLength + 1);

        Assert.Equal(ErrorCode.NotFound, Assert.IsType<Admission.Refused>(await intake.AcceptAsync(Caller, Posted() with { ConversationId = name }, None)).Code);
        Assert.Equal(ErrorCode.NotFound, Assert.IsType<Admission.Refused>(await intake.RegenerateAsync(Caller, name, null, "key", Trace, None)).Code);
    }

    private static PostedMessage Posted() => new() { Message = "Olá!", IdempotencyKey = "key", TraceId = Trace };

    private MessageIntake Intake(IJobQueue queue, CloudIa.Core.History.IConversationStore store) => new(
        queue,
        store,
        shop.Bus,
        new StopDesk(store, shop.Bus, queue, shop.Quota, shop.Time),
        shop.Quota,
        new ModelCatalog([new ScriptedModel(shop.Time).In()]),
        new IntakeOptions(),
        shop.Time,
        NullLogger<MessageIntake>.Instance);

    private sealed class SilentStore : UnusedStore;
}
