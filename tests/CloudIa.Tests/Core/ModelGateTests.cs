using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

/// <summary>A model's gate. This part: its breaker.</summary>
public partial class ModelGateTests
{
    private static readonly Task ModelNeverEnds = new TaskCompletionSource().Task;

    private readonly FakeTimeProvider time = new(new DateTimeOffset(2025, 3, 14, 9, 26, 53, TimeSpan.Zero));
    private readonly ModelOptions options = new() { Name = "m", Provider = "demo", Retries = 0, MaxConcurrency = 16 };

    [Fact]
    public async Task The_breaker_opens_at_half_of_at_least_five_failed_calls_and_says_until_when()
    {
        var gate = Gate();
        for (var call = 1; call <= 5; call++)
        {
            Assert.Equal(GateState.Closed, gate.View.State);
            await CallAsync(gate, fails: call % 2 == 1);
        }

        Assert.Equal(GateState.Open, gate.View.State);
        Assert.InRange(gate.View.RetryAt!.Value - time.GetUtcNow(), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15.1));
        Assert.Null(gate.TryEnter(out _));

        // Jobs are leased to be told, to the end of the break.
        Assert.Equal(int.MaxValue, gate.Room);
        time.Advance(TimeSpan.FromSeconds(14));
        Assert.Equal(int.MaxValue, gate.Room);
    }

    [Fact]
    public async Task Fewer_calls_than_five_or_fewer_failures_than_half_leave_it_closed()
    {
        var few = Gate();
        for (var call = 0; call < 4; call++)
        {
            await CallAsync(few, fails: true);
        }

        var rare = Gate();
        for (var call = 0; call < 20; call++)
        {
            await CallAsync(rare, fails: call % 3 == 2);
        }

        Assert.Equal((GateState.Closed, GateState.Closed), (few.View.State, rare.View.State));
    }

    [Fact]
    public async Task Failures_longer_apart_than_the_sample_do_not_add_up()
    {
        var gate = Gate();
        for (var call = 0; call < 20; call++)
        {
            await CallAsync(gate, fails: true);
            time.Advance(TimeSpan.FromSeconds(9));
        }

        Assert.Equal(GateState.Closed, gate.View.State);
    }

    [Fact]
    public async Task After_the_break_one_call_may_probe_and_its_success_closes_the_breaker()
    {
        var gate = Gate();
        await OpenAsync(gate);
        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());

        Assert.Equal((GateState.HalfOpen, 1), (gate.View.State, gate.Room));
        using var probe = gate.TryEnter(out _);
        Assert.True(probe!.Probes);
        Assert.Equal(0, gate.Room);
        Assert.Null(gate.TryEnter(out _));

        Assert.Null(await CallAsync(gate, probe, fails: null));
        Assert.Equal(GateState.Closed, gate.View.State);
        Assert.NotNull(gate.TryEnter(out _));
    }

    [Fact]
    public async Task A_probe_that_fails_opens_it_for_twice_as_long_up_to_two_minutes()
    {
        var gate = Gate();
        await OpenAsync(gate);
        foreach (var seconds in new[] { 30, 60, 120, 120, 120 })
        {
            time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());
            await CallAsync(gate, fails: true);
            Assert.Equal(GateState.Open, gate.View.State);
            Assert.InRange((gate.View.RetryAt!.Value - time.GetUtcNow()).TotalSeconds, seconds, seconds + 0.1);
        }

        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());
        await CallAsync(gate, fails: false);
        await OpenAsync(gate);
        Assert.InRange((gate.View.RetryAt!.Value - time.GetUtcNow()).TotalSeconds, 15, 15.1);
    }

    [Fact]
    public async Task A_probe_that_is_called_off_shows_nothing_and_the_break_goes_on()
    {
        var gate = Gate();
        await OpenAsync(gate);
        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());
        using (var probe = gate.TryEnter(out _))
        {
            using var cancelled = new CancellationTokenSource();
            var model = new ScriptedModel(time, [Pass.Forever]);
            var call = CallAsync(gate, probe!, model, cancelled.Token);
            await model.WaitsAsync();
            await cancelled.CancelAsync();
            Assert.IsType<OperationCanceledException>(await call, exactMatch: false);
        }

        Assert.Equal(GateState.Open, gate.View.State);
    }

    [Fact]
    public async Task A_probe_whose_answer_still_streams_keeps_no_later_one_away()
    {
        var gate = Gate();
        await OpenAsync(gate);
        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());
        var ends = new TaskCompletionSource();
        var long_ = new ScriptedModel(time, [new Say("long"), new Await(ends.Task), new Stop(ChatFinishReason.Stop)]);
        var first = gate.TryEnter(out _)!;
        var streaming = CallAsync(gate, first, long_, CancellationToken.None);
        await long_.WaitsAsync();
        await OpenAsync(gate);
        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());

        using var second = gate.TryEnter(out _);
        Assert.True(second?.Probes);
        ends.SetResult();
        await streaming;
        Assert.Null(gate.TryEnter(out _));
    }

    [Fact]
    public async Task A_stream_that_began_before_the_break_is_no_probe_when_it_breaks_after_it()
    {
        var gate = Gate();
        var breaks = new TaskCompletionSource();
        var old = new ScriptedModel(time, [new Say("half"), new Await(breaks.Task)]);
        var streaming = CallAsync(gate, gate.TryEnter(out _)!, old, CancellationToken.None);
        await old.WaitsAsync();
        await OpenAsync(gate);
        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());
        breaks.SetResult();
        Assert.IsType<ModelCallException>(await streaming);

        Assert.Equal(GateState.HalfOpen, gate.View.State);
    }

    [Fact]
    public async Task No_call_probes_before_a_Retry_After_is_over()
    {
        var gate = Gate();
        var fails = new TaskCompletionSource();
        var slow = new ScriptedModel(time, [new Await(fails.Task), Fails(ModelFailureKind.Overloaded, seconds: 60)]);
        var call = CallAsync(gate, gate.TryEnter(out _)!, slow, CancellationToken.None);
        await slow.WaitsAsync();
        await OpenAsync(gate);
        fails.SetResult();
        await call;
        time.Advance(TimeSpan.FromSeconds(59));

        Assert.Equal(GateState.Open, gate.View.State);
        Assert.Null(gate.TryEnter(out _));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(GateState.HalfOpen, gate.View.State);
    }

    [Fact]
    public async Task After_a_break_calls_come_back_step_by_step()
    {
        var gate = Gate();
        await OpenAsync(gate);
        time.Advance(gate.View.RetryAt!.Value - time.GetUtcNow());
        await CallAsync(gate, fails: false);

        var rooms = new List<int> { gate.Room };
        for (var call = 0; call < 20; call++)
        {
            await CallAsync(gate, fails: false);
            rooms.Add(gate.Room);
        }

        Assert.Equal([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16, 16, 16, 16, 16], rooms);
    }

    [Fact]
    public async Task A_stream_that_breaks_after_its_first_token_is_a_failed_call()
    {
        var gate = Gate();
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(GateState.Closed, gate.View.State);
            var broken = await CallAsync(gate, gate.TryEnter(out _)!, new ScriptedModel(time, [new Say("half")]), CancellationToken.None);
            Assert.Equal(ModelFailureKind.StreamBroken, Assert.IsType<ModelCallException>(broken).Failure.Kind);
        }

        Assert.Equal(GateState.Open, gate.View.State);
    }

    [Theory]
    [InlineData(ModelFailureKind.BadRequest)]
    [InlineData(ModelFailureKind.BadCredentials)]
    [InlineData(ModelFailureKind.Refused)]
    [InlineData(ModelFailureKind.Throttled)]
    public async Task What_is_not_the_models_outage_does_not_open_the_breaker(ModelFailureKind kind)
    {
        options.MaxConcurrency = 10_000;
        var gate = Gate();
        for (var call = 0; call < 12; call++)
        {
            await CallAsync(gate, fails: null, Fails(kind));
        }

        Assert.Equal(GateState.Closed, gate.View.State);
    }

    private static Fail Fails(ModelFailureKind kind, int? seconds = null) =>
        new(new ModelCallException(new ModelFailure(kind, "asked to fail", seconds is { } pause ? TimeSpan.FromSeconds(pause) : null), null));

    private ModelGate Gate() => new(options, time);

    private async Task OpenAsync(ModelGate gate)
    {
        for (var call = 0; call < 40 && gate.View.State == GateState.Closed; call++)
        {
            await CallAsync(gate, fails: true);
        }

        Assert.Equal(GateState.Open, gate.View.State);
    }

    private async Task<Exception?> CallAsync(ModelGate gate, bool? fails, params Step[] script)
    {
        using var permit = gate.TryEnter(out _);
        return await CallAsync(gate, permit!, fails, script);
    }

    private Task<Exception?> CallAsync(ModelGate gate, ModelPermit permit, bool? fails, params Step[] script) => CallAsync(
        gate,
        permit,
        new ScriptedModel(time, fails == true ? [Fails(ModelFailureKind.Overloaded)] : script.Length > 0 ? script : ScriptedModel.Says("fine")),
        CancellationToken.None);

    private async Task<Exception?> CallAsync(ModelGate gate, ModelPermit permit, ScriptedModel model, CancellationToken cancellation)
    {
        Assert.Same(gate, permit.Gate);
        var client = new ResilientChatClient(model, options, permit, () => false, time);
        try
        {
            await client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "?")], cancellationToken: cancellation).ToChatResponseAsync(CancellationToken.None);
            return null;
        }
        catch (Exception error) when (error is ModelCallException or OperationCanceledException)
        {
            return error;
        }
        finally
        {
            permit.Dispose();
        }
    }
}
