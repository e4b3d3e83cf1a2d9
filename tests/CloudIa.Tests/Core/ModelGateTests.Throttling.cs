using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;

namespace CloudIa.Tests.Core;

/// <summary>The pauses that a provider asks for, and how many calls it takes at once.</summary>
public partial class ModelGateTests
{
    [Fact]
    public async Task A_provider_that_throttles_gets_half_as_many_calls_once_for_all_that_were_under_way_and_the_breaker_stays_closed()
    {
        var gate = Gate();
        var throttles = new TaskCompletionSource();
        var models = Enumerable.Range(0, 8).Select(_ => new ScriptedModel(time, [new Await(throttles.Task), Fails(ModelFailureKind.Throttled)])).ToList();
        var calls = models.Select(model => CallAsync(gate, gate.TryEnter(out var _)!, model, CancellationToken.None)).ToList();
        throttles.SetResult();
        await Task.WhenAll(calls);
        Assert.Equal((GateState.Closed, 8), (gate.View.State, gate.Room));

        await CallAsync(gate, fails: null, Fails(ModelFailureKind.Throttled));
        await CallAsync(gate, fails: null, Fails(ModelFailureKind.Throttled));
        await CallAsync(gate, fails: null, Fails(ModelFailureKind.Throttled));
        Assert.Equal((GateState.Closed, 1), (gate.View.State, gate.Room));
        await CallAsync(gate, fails: false);
        Assert.Equal(2, gate.Room);
    }

    [Fact]
    public async Task A_provider_that_throttles_even_one_call_at_a_time_is_left_alone_so_long_that_jobs_are_told()
    {
        options.MaxConcurrency = 1;
        var gate = Gate();
        await CallAsync(gate, fails: null, Fails(ModelFailureKind.Throttled, seconds: 1));

        Assert.Equal((GateState.Throttled, time.GetUtcNow().AddSeconds(10)), (gate.View.State, gate.View.RetryAt));
        Assert.Equal(int.MaxValue, gate.Room);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, gate.Room);
    }

    [Fact]
    public async Task Retry_After_keeps_everybody_away_until_then()
    {
        var gate = Gate();
        await CallAsync(gate, fails: null, Fails(ModelFailureKind.Throttled, seconds: 4));

        Assert.Equal((GateState.Throttled, time.GetUtcNow().AddSeconds(4)), (gate.View.State, gate.View.RetryAt));
        Assert.Null(gate.TryEnter(out _));
        Assert.Equal(0, gate.Room);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(8, gate.Room);
        Assert.NotNull(gate.TryEnter(out _));
    }

    [Fact]
    public async Task Jobs_are_leased_to_be_told_of_a_long_wait_and_stay_in_the_queue_for_a_short_one()
    {
        var gate = Gate();
        await CallAsync(gate, fails: null, Fails(ModelFailureKind.Overloaded, seconds: 60));

        Assert.Equal(int.MaxValue, gate.Room);
        time.Advance(TimeSpan.FromSeconds(56));
        Assert.Equal(0, gate.Room);
    }

    [Fact]
    public void No_more_jobs_enter_than_there_are_places()
    {
        options.MaxConcurrency = 2;
        var gate = Gate();
        using var first = gate.TryEnter(out _);
        var second = gate.TryEnter(out _);
        Assert.Null(gate.TryEnter(out var full));
        Assert.Equal((null, 2), (full.RetryAt, full.InFlight));
        second!.Dispose();
        second.Dispose();

        Assert.Equal(1, gate.Room);
    }
}
