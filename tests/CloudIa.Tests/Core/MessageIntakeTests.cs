using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace CloudIa.Tests.Core;

public sealed class MessageIntakeTests : IDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Workshop shop = new();

    public void Dispose() => shop.Dispose();

    [Fact]
    public async Task A_rejecting_message_is_taken_by_an_idle_conversation_and_refused_by_a_busy_one()
    {
        var (conversation, first) = await BeginAsync();
        Assert.Equal(ErrorCode.ConversationBusy, Refusal(await PostAsync("second", conversation, WhenBusy.Reject)));

        await shop.Store.FinishAsync(first, 1, TurnEnd.Stopped("", shop.Time.GetUtcNow()), None);
        Assert.IsType<Admission.Accepted>(await PostAsync("second", conversation, WhenBusy.Reject));
    }

    [Fact]
    public async Task A_rejecting_message_that_is_posted_again_with_its_key_is_not_refused_for_itself()
    {
        var (conversation, first) = await BeginAsync();
        await shop.Store.FinishAsync(first, 1, TurnEnd.Stopped("", shop.Time.GetUtcNow()), None);
        var once = Assert.IsType<Admission.Accepted>(await PostAsync("second", conversation, WhenBusy.Reject, "key"));

        Assert.Equal(once.Job, Assert.IsType<Admission.Accepted>(await PostAsync("second", conversation, WhenBusy.Reject, "key")).Job);
        Assert.Equal(ErrorCode.KeyReused, Refusal(await PostAsync("second", conversation, key: "key")));
    }

    [Fact]
    public async Task A_refused_message_leaves_its_key_free()
    {
        var (conversation, _) = await BeginAsync();
        Assert.Equal(ErrorCode.ConversationBusy, Refusal(await PostAsync("second", conversation, WhenBusy.Reject, "key")));

        Assert.IsType<Admission.Accepted>(await PostAsync("second", conversation, WhenBusy.Enqueue, "key"));
    }

    [Fact]
    public async Task A_key_that_another_body_took_between_look_and_commit_is_found_out()
    {
        // The look finds nothing, as if the other post came just after it.
        var job = new JobKey("owner", Identifiers.JobOf("owner", "key"));
        var blind = new BlindStore(shop.Store) { Looks = 1 };
        Assert.IsType<Admission.Accepted>(await PostAsync("one body", key: "key"));

        Assert.Equal(ErrorCode.KeyReused, Refusal(await Intake(blind).AcceptAsync(new Caller("owner", "session"), Posted("another body", key: "key"), None)));
        blind.Looks = 1;
        Assert.Equal(job, Assert.IsType<Admission.Accepted>(await Intake(blind).AcceptAsync(new Caller("owner", "session"), Posted("one body", key: "key"), None)).Job);
    }

    [Fact]
    public async Task An_interrupting_message_stops_what_was_there_before_it_and_nothing_else()
    {
        var (conversation, running) = await BeginAsync();
        var (_, elsewhere) = await BeginAsync();
        var waiting = Assert.IsType<Admission.Accepted>(await PostAsync("waits", conversation)).Job;
        var signalled = false;
        List<ServerEvent> before = [];
        using var listening = shop.Bus.OnStop(running, () =>
        {
            before = shop.Announced();
            return signalled = true;
        });
        using var others = shop.Bus.OnStop(elsewhere, () => throw new InvalidOperationException("another conversation was stopped"));

        var interrupting = Assert.IsType<Admission.Accepted>(await PostAsync("now", conversation, WhenBusy.Interrupt)).Job;
        Assert.True(signalled);

        // Before what runs is stopped: then the next that waits would begin.
        Assert.Contains(before, told => told is MessageStopped stopped && stopped.JobId == waiting.JobId);
        Assert.Equal((JobStatus.Cancelled, 2), (await shop.Store.FindAsync(waiting, None)) is { } turn ? (turn.Status, turn.Number) : default);
        Assert.Equal(JobStatus.Queued, (await shop.Store.FindAsync(interrupting, None))!.Status);
        Assert.Null((await shop.Store.FindAsync(elsewhere, None))!.End);
    }

    [Fact]
    public async Task An_interruption_that_is_posted_again_stops_nothing_that_came_after_it()
    {
        var (conversation, running) = await BeginAsync();
        using var listening = shop.Bus.OnStop(running, () => true);
        await PostAsync("now", conversation, WhenBusy.Interrupt, "key");
        var later = Assert.IsType<Admission.Accepted>(await PostAsync("later", conversation)).Job;
        await PostAsync("now", conversation, WhenBusy.Interrupt, "key");

        Assert.Equal(JobStatus.Queued, (await shop.Store.FindAsync(later, None))!.Status);
    }

    [Fact]
    public async Task A_sender_who_leaves_after_the_commit_leaves_no_interruption_half_done()
    {
        var (conversation, running) = await BeginAsync();
        var waiting = Assert.IsType<Admission.Accepted>(await PostAsync("waits", conversation)).Job;
        using var left = new CancellationTokenSource();

        await Intake(new LeftStore(shop.Store, left)).AcceptAsync(new Caller("owner", "session"), Posted("now", conversation, WhenBusy.Interrupt), left.Token);

        Assert.True(left.IsCancellationRequested);
        Assert.Equal(JobStatus.Cancelled, (await shop.Store.FindAsync(running, None))!.Status);
        Assert.Equal(JobStatus.Cancelled, (await shop.Store.FindAsync(waiting, None))!.Status);
    }

    [Fact]
    public async Task A_stop_whose_sender_leaves_once_it_is_written_ends_a_job_that_nobody_runs()
    {
        var (_, running) = await BeginAsync();
        using var left = new CancellationTokenSource();

        var stopped = await new StopDesk(new LeftStore(shop.Store, left), shop.Bus, shop.Queue, shop.Quota, shop.Time).StopAsync(running, left.Token);

        Assert.True(left.IsCancellationRequested);
        Assert.True(stopped!.EndedNow);
        Assert.Equal(JobStatus.Cancelled, (await shop.Store.FindAsync(running, None))!.Status);
    }

    [Theory]
    [InlineData(WhenBusy.Reject)]
    [InlineData(WhenBusy.Interrupt)]
    public async Task A_new_conversation_is_never_busy(WhenBusy whenBusy) =>
        Assert.IsType<Admission.Accepted>(await PostAsync("first", whenBusy: whenBusy));

    [Fact]
    public async Task A_regeneration_is_a_job_of_its_own_for_the_last_turn_and_carries_its_message()
    {
        var (conversation, first) = await BeginAsync();
        Assert.Equal(ErrorCode.ConversationBusy, Refusal(await RegenerateAsync(conversation)));
        await shop.Store.FinishAsync(first, 1, TurnEnd.Stopped("", shop.Time.GetUtcNow()), None);
        shop.Announced();

        var again = Assert.IsType<Admission.Accepted>(await RegenerateAsync(conversation));
        Assert.NotEqual(first, again.Job);
        var told = shop.Announced().OfType<Accepted>().Single();
        Assert.Equal((again.Job.JobId, 1, null), (told.JobId, told.Turn, told.Message));
        Assert.Equal(ErrorCode.ConversationBusy, Refusal(await RegenerateAsync(conversation)));
        Assert.Equal(("first", 1), await shop.Store.FindAsync(again.Job, None) is { } waiting ? (waiting.Message, waiting.Number!.Value) : default);
    }

    [Fact]
    public async Task A_regeneration_that_is_asked_for_again_with_its_key_is_the_same_job_and_no_posts()
    {
        var (conversation, first) = await BeginAsync();
        await shop.Store.FinishAsync(first, 1, TurnEnd.Stopped("text", shop.Time.GetUtcNow()), None);
        var once = Assert.IsType<Admission.Accepted>(await RegenerateAsync(conversation, "key"));

        Assert.Equal(once.Job, Assert.IsType<Admission.Accepted>(await RegenerateAsync(conversation, "key")).Job);
        await shop.Store.RequestStopAsync(once.Job, shop.Time.GetUtcNow(), None);
        Assert.Equal(once.Job, Assert.IsType<Admission.Accepted>(await RegenerateAsync(conversation, "key")).Job);
        Assert.Equal(ErrorCode.KeyReused, Refusal(await RegenerateAsync(conversation, "key", "scripted")));
        Assert.Equal(ErrorCode.KeyReused, Refusal(await PostAsync("first", conversation, key: "key")));
    }

    [Fact]
    public async Task What_has_no_turn_or_is_not_there_is_not_regenerated()
    {
        Assert.Equal(ErrorCode.NotFound, Refusal(await RegenerateAsync("unknown")));
        Assert.Equal(ErrorCode.ModelUnknown, Refusal(await RegenerateAsync("unknown", model: "unknown")));
        Assert.Equal(ErrorCode.KeyInvalid, Refusal(await RegenerateAsync("unknown", key: " ")));
        var waiting = Assert.IsType<Admission.Accepted>(await PostAsync("waits"));
        Assert.Equal(ErrorCode.ConversationBusy, Refusal(await RegenerateAsync(waiting.ConversationId)));
        var fork = await shop.Store.ForkAsync(new ConversationKey("owner", waiting.ConversationId), 0, "fork", shop.Time.GetUtcNow(), None);
        Assert.Equal(ErrorCode.NothingToRegenerate, Refusal(await RegenerateAsync(Assert.IsType<CloudIa.Core.History.ForkResult.Forked>(fork).Conversation.ConversationId)));
    }

    private Task<Admission> RegenerateAsync(string conversation, string? key = null, string? model = null) =>
        Intake(shop.Store).RegenerateAsync(new Caller("owner", "session"), conversation, model, key, Trace, None);

    /// <summary>A conversation whose first message is being answered.</summary>
    private async Task<(string Conversation, JobKey Running)> BeginAsync()
    {
        var accepted = Assert.IsType<Admission.Accepted>(await PostAsync("first"));
        var lease = Assert.Single(await shop.Queue.ReceiveAsync(10, None));
        await shop.Store.BeginAsync(lease.Job, None);
        return (accepted.ConversationId, accepted.Job);
    }

    private Task<Admission> PostAsync(string message, string? conversation = null, WhenBusy? whenBusy = null, string? key = null) =>
        Intake(shop.Store).AcceptAsync(new Caller("owner", "session"), Posted(message, conversation, whenBusy, key), None);

    private static PostedMessage Posted(string message, string? conversation = null, WhenBusy? whenBusy = null, string? key = null) =>
        new() { Message = message, ConversationId = conversation, WhenBusy = whenBusy, IdempotencyKey = key, TraceId = Trace };

    private MessageIntake Intake(CloudIa.Core.History.IConversationStore store) => new(
        shop.Queue,
        store,
        shop.Bus,
        new StopDesk(store, shop.Bus, shop.Queue, shop.Quota, shop.Time),
        shop.Quota,
        new ModelCatalog([new ScriptedModel(shop.Time).In()]),
        new IntakeOptions(),
        shop.Time,
        NullLogger<MessageIntake>.Instance);

    private static string Refusal(Admission admission) => Assert.IsType<Admission.Refused>(admission).Code;

    /// <summary>A history whose caller leaves as soon as it was told of a message or of a stop.</summary>
    private sealed class LeftStore(CloudIa.Core.History.IConversationStore store, CancellationTokenSource left) : UnusedStore
    {
        public override Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) => left.CancelAsync();

        public override async Task<CloudIa.Core.History.StopResult?> RequestStopAsync(JobKey job, DateTimeOffset now, CancellationToken cancellation)
        {
            var result = await store.RequestStopAsync(job, now, cancellation);
            await left.CancelAsync();
            return result;
        }

        public override Task<bool> FinishAsync(JobKey job, int attempt, TurnEnd end, CancellationToken cancellation) => store.FinishAsync(job, attempt, end, cancellation);

        public override Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) => store.FindAsync(job, cancellation);

        public override Task<IReadOnlyList<Turn>> ReadUnfinishedAsync(ConversationKey conversation, int limit, CancellationToken cancellation) =>
            store.ReadUnfinishedAsync(conversation, limit, cancellation);

        public override Task<Conversation?> FindConversationAsync(ConversationKey conversation, CancellationToken cancellation) =>
            store.FindConversationAsync(conversation, cancellation);
    }

    /// <summary>A history that does not know a job at the first looks.</summary>
    private sealed class BlindStore(CloudIa.Core.History.IConversationStore store) : UnusedStore
    {
        public int Looks { get; set; }

        public override Task<Turn?> FindAsync(JobKey job, CancellationToken cancellation) =>
            Looks-- > 0 ? Task.FromResult<Turn?>(null) : store.FindAsync(job, cancellation);

        public override Task RecordPendingAsync(JobMessage job, CancellationToken cancellation) => store.RecordPendingAsync(job, cancellation);

        public override Task<bool> WasDeletedAsync(ConversationKey conversation, CancellationToken cancellation) => store.WasDeletedAsync(conversation, cancellation);
    }
}
