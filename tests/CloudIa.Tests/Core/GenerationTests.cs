using System.Text;
using CloudIa.Core.Model;
using CloudIa.Protocol;
using CsCheck;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

public class GenerationTests
{
    private static readonly IReadOnlyList<ChatMessage> Prompt = [new(ChatRole.System, "12345"), new(ChatRole.User, "67")];

    private readonly FakeTimeProvider time = new();
    private readonly List<string> taken = [];

    [Fact]
    public async Task A_stream_with_its_finish_reason_is_an_answer()
    {
        var (end, text) = await RunAsync(ScriptedModel.Says("Olá", ", ", "mundo"));

        Assert.Equal("stop", Assert.IsType<GenerationEnd.Completed>(end).FinishReason);
        Assert.Equal("Olá, mundo", text);
        Assert.Equal(["Olá", ", ", "mundo"], taken);
    }

    [Fact]
    public async Task A_character_that_no_store_keeps_is_shown_as_it_is_kept()
    {
        var (_, text) = await RunAsync(ScriptedModel.Says("be\0fore", "\0"));

        Assert.Equal("be\uFFFDfore\uFFFD", text);
        Assert.Equal(["be\uFFFDfore", "\uFFFD"], taken);
    }

    [Fact]
    public async Task A_stream_that_ends_without_a_finish_reason_is_a_failure_and_never_an_answer()
    {
        var (end, text) = await RunAsync(new Say("half an ans"));

        var failure = Assert.IsType<GenerationEnd.Failed>(end).Failure;
        Assert.Equal(ModelFailureKind.StreamBroken, failure.Kind);
        Assert.True(failure.Heals);
        Assert.Equal("half an ans", text);
    }

    [Fact]
    public async Task A_stream_without_text_is_a_failure()
    {
        Assert.Equal(ModelFailureKind.StreamBroken, await FailureAsync(new Stop(ChatFinishReason.Stop)));
        Assert.Equal(ModelFailureKind.Refused, await FailureAsync(new Stop(ChatFinishReason.ContentFilter)));
        Assert.Equal(ModelFailureKind.StreamBroken, await FailureAsync());
    }

    [Fact]
    public async Task What_the_providers_adapter_says_went_wrong_is_the_failure()
    {
        var failure = new ModelFailure(ModelFailureKind.Throttled, "HTTP 429", TimeSpan.FromSeconds(7));
        var (end, _) = await RunAsync(new Say("a"), new Fail(new ModelCallException(failure, null)));

        Assert.Equal(new GenerationEnd.Failed(failure), end);
    }

    [Fact]
    public async Task The_first_token_must_come_in_its_time()
    {
        var (run, model) = Start(Pass.Forever);
        await model.WaitsAsync();
        time.Advance(TimeSpan.FromSeconds(10));

        var failure = Assert.IsType<GenerationEnd.Failed>(await run.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken)).Failure;
        Assert.Equal((ModelFailureKind.Timeout, "no token within 10 s"), (failure.Kind, failure.Details));
        Assert.True(model.Tokens.Single().IsCancellationRequested);
    }

    [Fact]
    public async Task A_first_token_just_in_time_is_taken()
    {
        var (run, model) = Start([new Pass(TimeSpan.FromSeconds(9)), .. ScriptedModel.Says("late")]);
        await model.WaitsAsync();
        time.Advance(TimeSpan.FromSeconds(9));

        Assert.IsType<GenerationEnd.Completed>(await run);
    }

    [Fact]
    public async Task A_silence_between_tokens_is_a_timeout_and_says_after_how_much_text()
    {
        var (run, model) = Start(new Say("abc"), Pass.Forever);
        await model.WaitsAsync();
        time.Advance(TimeSpan.FromSeconds(10));

        var failure = Assert.IsType<GenerationEnd.Failed>(await run.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken)).Failure;
        Assert.Equal(ModelFailureKind.Timeout, failure.Kind);
        Assert.Contains("3 characters", failure.Details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_stream_lives_as_long_as_it_speaks_and_the_whole_call_has_its_own_limit()
    {
        var (run, model) = Start([.. Enumerable.Range(0, 100).SelectMany(_ => new Step[] { new Say("a"), new Pass(TimeSpan.FromSeconds(9)) })]);
        while (!run.IsCompleted)
        {
            await Task.WhenAny(run, model.WaitsAsync());
            time.Advance(TimeSpan.FromSeconds(9));
        }

        var failure = Assert.IsType<GenerationEnd.Failed>(await run.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken)).Failure;
        Assert.Equal((ModelFailureKind.Timeout, "the call took longer than 120 s"), (failure.Kind, failure.Details));
        Assert.InRange(taken.Count, 13, 14);
    }

    [Fact]
    public async Task A_cancelled_caller_gets_what_was_spent_so_far()
    {
        using var cancelled = new CancellationTokenSource();
        var (run, model) = Start(cancelled.Token, new Say("abc"), Pass.Forever);
        await model.WaitsAsync();
        await cancelled.CancelAsync();

        Assert.Equal(new Usage(7, 3), Assert.IsType<GenerationEnd.Interrupted>(await run.WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken)).Usage);
        Assert.True(model.Tokens.Single().IsCancellationRequested);
    }

    [Fact]
    public async Task A_taker_that_takes_no_more_ends_the_call()
    {
        var generation = Of(new ScriptedModel(time, ScriptedModel.Says("a", "b", "c")).In());
        var end = await generation.RunAsync(piece => ValueTask.FromResult(piece != "b"), CancellationToken.None);

        Assert.IsType<GenerationEnd.Interrupted>(end);
        Assert.Equal("ab", generation.Text);
    }

    [Fact]
    public async Task The_providers_count_is_taken_before_ours_and_priced()
    {
        var options = new ModelOptions { Name = "priced", InputPrice = 3m, OutputPrice = 15m };
        Assert.Equal(new Usage(1000, 200, 0.006m), await UsageAsync(options, new Say("abc"), new Spend(1000, 200), new Stop(ChatFinishReason.Stop)));
        Assert.Equal(new Usage(7, 3, 0.000066m), await UsageAsync(options, new Say("abc"), new Stop(ChatFinishReason.Stop)));
        Assert.Equal(new Usage(7, 3), await UsageAsync(new ModelOptions { Name = "free" }, new Say("abc"), new Stop(ChatFinishReason.Length)));
    }

    [Fact]
    public async Task An_answer_is_cut_at_a_mebibyte()
    {
        var block = new string('x', 100_000);
        var (end, text) = await RunAsync(ScriptedModel.Says([.. Enumerable.Repeat(block, 20)]));

        Assert.Equal("length", Assert.IsType<GenerationEnd.Completed>(end).FinishReason);
        Assert.InRange(text.Length, 1_048_576, 1_048_576 + block.Length);
    }

    [Fact]
    public Task However_a_text_is_cut_no_piece_ends_in_half_a_character() =>
        Gen.Select(Gen.String[Gen.Char["a é\n"], 0, 5].Array[1, 6].Select(parts => string.Join("😀", parts)), Gen.Int[1, 4].Array[1, 20]).SampleAsync(
            async (text, cuts) =>
            {
                var pieces = new List<string>();
                for (int at = 0, i = 0; at < text.Length; i++)
                {
                    pieces.Add(text.Substring(at, Math.Min(cuts[i % cuts.Length], text.Length - at)));
                    at += pieces[^1].Length;
                }

                var got = new StringBuilder();
                var generation = Of(new ScriptedModel(time, ScriptedModel.Says([.. pieces])).In());
                await generation.RunAsync(
                    piece =>
                    {
                        Assert.False(char.IsHighSurrogate(piece[^1]) || char.IsLowSurrogate(piece[0]));
                        got.Append(piece);
                        return ValueTask.FromResult(true);
                    },
                    CancellationToken.None);
                Assert.Equal(text, got.ToString());
                Assert.Equal(text, generation.Text);
            },
            threads: 1);

    private Generation Of(CatalogModel model) => OneAnswer.Of(model, Prompt, time);

    private async Task<(GenerationEnd End, string Text)> RunAsync(params Step[] script)
    {
        var generation = Of(new ScriptedModel(time, script).In());
        return (await generation.RunAsync(Take, CancellationToken.None), generation.Text);
    }

    private async Task<ModelFailureKind> FailureAsync(params Step[] script) =>
        Assert.IsType<GenerationEnd.Failed>((await RunAsync(script)).End).Failure.Kind;

    private async Task<Usage> UsageAsync(ModelOptions options, params Step[] script) => Assert.IsType<GenerationEnd.Completed>(
        await Of(new ScriptedModel(time, script).In(options)).RunAsync(Take, CancellationToken.None)).Usage;

    private (Task<GenerationEnd> Run, ScriptedModel Model) Start(params Step[] script) => Start(CancellationToken.None, script);

    private (Task<GenerationEnd> Run, ScriptedModel Model) Start(CancellationToken cancellation, params Step[] script)
    {
        var model = new ScriptedModel(time, script);
        return (Of(model.In()).RunAsync(Take, cancellation), model);
    }

    private ValueTask<bool> Take(string piece)
    {
        taken.Add(piece);
        return ValueTask.FromResult(true);
    }
}
