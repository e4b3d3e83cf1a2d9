using CloudIa.Core.Model;
using CloudIa.Core.Model.Resilience;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

/// <summary>Retries before the first token, and none after it.</summary>
public class ResilientChatClientTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);

    private readonly ModelOptions options = new() { Name = "m", Provider = "demo", FirstTokenSeconds = 1000, TotalSeconds = 1000, Breaker = { MinimumCalls = 1000 } };

    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2025, 3, 14, 9, 26, 53, TimeSpan.Zero));

    // Time passes as one waits.
    private readonly LeapingTime time;
    private bool elsewhere;

    public ResilientChatClientTests() => time = new LeapingTime(clock, Longest);

    [Fact]
    public async Task Before_the_first_token_a_failure_is_tried_again_and_never_seen()
    {
        var model = Model([Overloaded], [new Say(""), Overloaded], [], ScriptedModel.Says("whole"));

        Assert.Equal("whole", await ReadAsync(model));
        Assert.Equal(4, model.Prompts.Count);
    }

    [Fact]
    public async Task It_waits_0_then_up_to_2_4_and_8_seconds_and_gives_up_after_the_fifth_try()
    {
        var model = Model([Overloaded]);
        var started = time.GetUtcNow();
        var failure = await FailureAsync(model);

        Assert.Equal((ModelFailureKind.Overloaded, true, 5), (failure.Kind, failure.Exhausted, model.Prompts.Count));
        Assert.InRange(time.GetUtcNow() - started, TimeSpan.Zero, TimeSpan.FromSeconds(2 + 4 + 8 + 1));
    }

    [Fact]
    public async Task A_provider_that_says_that_the_answer_is_whole_and_leaves_the_stream_open_has_answered()
    {
        var model = Model([new Say("whole"), new Stop(ChatFinishReason.Stop), Pass.Forever]);
        var reading = ReadAsync(model);
        await model.WaitsAsync();
        clock.Advance(TimeSpan.FromSeconds(options.SilenceSeconds));

        Assert.Equal("whole", await reading);
    }

    [Fact]
    public async Task After_the_first_token_nothing_is_tried_again()
    {
        var model = Model([new Say("half"), Overloaded], ScriptedModel.Says("whole"));
        var failure = await FailureAsync(model);

        Assert.Equal((ModelFailureKind.Overloaded, false, 1), (failure.Kind, failure.Exhausted, model.Prompts.Count));
    }

    [Theory]
    [InlineData(ModelFailureKind.Refused)]
    [InlineData(ModelFailureKind.BadRequest)]
    [InlineData(ModelFailureKind.BadCredentials)]
    public async Task What_cannot_heal_is_not_tried_again(ModelFailureKind kind)
    {
        var model = Model([Fails(kind)], ScriptedModel.Says("whole"));

        Assert.Equal(kind, (await FailureAsync(model)).Kind);
        Assert.Single(model.Prompts);
    }

    [Fact]
    public async Task Retry_After_is_waited_out_where_it_is_short()
    {
        var model = Model([Fails(ModelFailureKind.Throttled, 3)], ScriptedModel.Says("whole"));
        var started = time.GetUtcNow();

        Assert.Equal("whole", await ReadAsync(model));
        Assert.True(time.GetUtcNow() - started >= TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_long_Retry_After_is_the_queues_to_wait_out()
    {
        var model = Model([Fails(ModelFailureKind.Throttled, 6)], ScriptedModel.Says("whole"));
        var failure = await FailureAsync(model);

        Assert.Equal((ModelFailureKind.Throttled, false, 1), (failure.Kind, failure.Exhausted, model.Prompts.Count));
    }

    [Fact]
    public async Task Where_another_model_would_answer_one_does_not_wait_for_this_one()
    {
        elsewhere = true;
        var model = Model([Overloaded], ScriptedModel.Says("whole"));
        var failure = await FailureAsync(model);

        Assert.Equal((ModelFailureKind.Overloaded, false, 1), (failure.Kind, failure.Exhausted, model.Prompts.Count));
    }

    [Fact]
    public async Task A_breaker_that_opens_meanwhile_ends_the_tries()
    {
        options.Breaker.MinimumCalls = 2;
        var model = Model([Overloaded], [Overloaded], ScriptedModel.Says("whole"));
        var failure = await FailureAsync(model);

        Assert.Equal((ModelFailureKind.Overloaded, 2), (failure.Kind, model.Prompts.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_many_that_are_throttled_only_as_many_try_again_as_there_are_places(bool leaveLate)
    {
        options.MaxConcurrency = 8;
        var gate = new ModelGate(options, time);
        var models = Enumerable.Range(0, 8).Select(_ => Model([Fails(ModelFailureKind.Throttled, 1)])).ToList();
        var permits = models.Select(_ => gate.TryEnter(out var _)!).ToList();
        var reads = models.Select((model, i) => ReadOrFailAsync(model, permits[i], leaveLate)).ToList();
        await Task.WhenAll(reads);

        // Each first try that fails halves the places, so that one is left when the last job asks whether it may stay.
        Assert.Equal(8 + options.Retries, models.Sum(model => model.Prompts.Count));
    }

    private static Fail Overloaded => Fails(ModelFailureKind.Overloaded);

    private static Fail Fails(ModelFailureKind kind, int? seconds = null) =>
        new(new ModelCallException(new ModelFailure(kind, "asked to fail", seconds is { } pause ? TimeSpan.FromSeconds(pause) : null), null));

    private ScriptedModel Model(params Step[][] scripts) => new(time, scripts);

    private async Task<string> ReadAsync(ScriptedModel model) => Assert.IsType<string>(await ReadOrFailAsync(model, Enter()));

    private async Task<ModelFailure> FailureAsync(ScriptedModel model) => Assert.IsType<ModelFailure>(await ReadOrFailAsync(model, Enter()));

    private ModelPermit Enter() => new ModelGate(options, time).TryEnter(out _)!;

    /// <summary>The text, or the failure.</summary>
    private async Task<object> ReadOrFailAsync(ScriptedModel model, ModelPermit permit, bool leaveLate = false)
    {
        var client = new ResilientChatClient(model, options, permit, () => elsewhere, time);
        try
        {
            var answer = await client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "?")], cancellationToken: TestContext.Current.CancellationToken)
                .ToChatResponseAsync(TestContext.Current.CancellationToken).WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken);
            return answer.Text;
        }
        catch (ModelCallException error)
        {
            return error.Failure;
        }
        finally
        {
            if (!leaveLate)
            {
                permit.Dispose();
            }
        }
    }
}
