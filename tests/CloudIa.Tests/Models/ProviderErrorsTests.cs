using CloudIa.Core.Model;
using CloudIa.Models;
using CloudIa.Tests.Core;
using Microsoft.Extensions.AI;

namespace CloudIa.Tests.Models;

/// <summary>What goes wrong at a provider is said in our kinds, through the SDKs as they are.</summary>
public class ProviderErrorsTests
{
    private const string SaysHi = """data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}""" + "\n\n";

    [Theory]
    [InlineData("openai", """data: {"error":{"message":"busy","type":"server_error","code":"overloaded"}}""", ModelFailureKind.Overloaded)]
    [InlineData("openai", """data: {"error":{"message":"busy","type":"server_error","code":503}}""", ModelFailureKind.Overloaded)]
    [InlineData("openai", """data: {"error":"busy"}""", ModelFailureKind.Overloaded)]
    [InlineData("openai", """data: {"error":{"message":"slowly","type":"requests","code":"rate_limit_exceeded"}}""", ModelFailureKind.Throttled)]
    [InlineData("openai", """data: {"error":{"message":"too long","type":"invalid_request_error","code":"context_length_exceeded"}}""", ModelFailureKind.BadRequest)]
    [InlineData("anthropic", """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}""", ModelFailureKind.Overloaded)]
    [InlineData("anthropic", """{"type":"error","error":{"type":"api_error","message":"Internal"}}""", ModelFailureKind.Overloaded)]
    [InlineData("anthropic", """{"type":"error","error":{"type":"rate_limit_error","message":"slowly"}}""", ModelFailureKind.Throttled)]
    [InlineData("anthropic", """{"type":"error","error":{"type":"authentication_error","message":"who?"}}""", ModelFailureKind.BadCredentials)]
    [InlineData("anthropic", """{"type":"error","error":{"type":"of_a_later_year","message":"?"}}""", ModelFailureKind.Overloaded)]
    [InlineData("anthropic", "no JSON", ModelFailureKind.Overloaded)]
    public async Task An_error_event_after_HTTP_200_is_a_failure_of_its_kind(string wire, string said, ModelFailureKind kind)
    {
        var (end, text) = await CallAsync(wire, wire == "anthropic" ? $"event: error\ndata: {said}\n\n" : $"{said}\n\n");

        Assert.Equal(kind, Assert.IsType<GenerationEnd.Failed>(end).Failure.Kind);
        Assert.Empty(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("data: [DONE]\n\n")]
    public async Task An_error_event_after_some_text_is_a_failure_and_the_text_is_known(string then)
    {
        var (end, text) = await CallAsync("openai", SaysHi + "data: {\"error\":{\"message\":\"busy\",\"type\":\"server_error\"}}\n\n" + then);

        Assert.Equal(ModelFailureKind.Overloaded, Assert.IsType<GenerationEnd.Failed>(end).Failure.Kind);
        Assert.Equal("hi", text);
    }

    [Theory]
    [InlineData("openai", "")]
    [InlineData("openai", "<html>Sign in to this network</html>")]
    [InlineData("openai", "data: {not json\n\n")]
    [InlineData("openai", "data: null\n\n")]
    [InlineData("openai", "data: []\n\n")]
    [InlineData("openai", "data: {\"choices\":null}\n\n")]
    [InlineData("openai", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half \\ud83d\"}}]}\n\n")]
    [InlineData("openai", "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"of a later year\"}]}\n\n")]
    [InlineData("openai", "data: [DONE]\n\n")]
    [InlineData("anthropic", "")]
    [InlineData("anthropic", "<html>Sign in to this network</html>")]
    [InlineData("anthropic", "event: content_block_delta\ndata: {not json\n\n")]
    [InlineData("anthropic", "event: content_block_delta\ndata: []\n\n")]
    [InlineData("anthropic", "event: message_start\ndata: {\"type\":\"message_start\"}\n\n")]
    [InlineData("anthropic", "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"half \\ud83d\"}}\n\n")]
    [InlineData("anthropic", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")]
    public async Task A_stream_that_nobody_can_read_is_broken_and_no_exception_of_an_SDK_leaves(string wire, string body)
    {
        var (end, _) = await CallAsync(wire, body);

        Assert.Equal(ModelFailureKind.StreamBroken, Assert.IsType<GenerationEnd.Failed>(end).Failure.Kind);
    }

    [Theory]
    [InlineData(429, ModelFailureKind.Throttled)]
    [InlineData(408, ModelFailureKind.Timeout)]
    [InlineData(504, ModelFailureKind.Timeout)]
    [InlineData(500, ModelFailureKind.Faulted)]
    [InlineData(503, ModelFailureKind.Overloaded)]
    [InlineData(529, ModelFailureKind.Overloaded)]
    [InlineData(400, ModelFailureKind.BadRequest)]
    [InlineData(401, ModelFailureKind.BadCredentials)]
    public async Task A_status_is_a_kind_in_both_wires_and_its_Retry_After_is_kept(int status, ModelFailureKind kind)
    {
        await using var provider = await CuttingProvider.StartAsync();
        foreach (var wire in new[] { "openai", "anthropic" })
        {
            var reply = new CutReply(RecordedStream.Unread(wire, """{"error":{"type":"whatever","message":"asked to fail"}}""")) { Status = status, RetryAfter = "7" };
            var (end, _) = await provider.CallAsync(provider.Model(wire), reply);

            Assert.Equal(new ModelFailure(kind, $"HTTP {status}", TimeSpan.FromSeconds(7)) { Exhausted = true }, Assert.IsType<GenerationEnd.Failed>(end).Failure);
        }
    }

    [Fact]
    public async Task What_breaks_after_the_finish_reason_does_not_void_the_answer()
    {
        var model = new ScriptedModel(TimeProvider.System, [new Say("All of it"), new Stop(ChatFinishReason.Stop), new Fail(new IOException("reset"))]);
        var generation = OneAnswer.Of(model.In() with { Client = new ProviderErrors(model) }, [], TimeProvider.System);

        Assert.IsType<GenerationEnd.Completed>(await generation.RunAsync(_ => ValueTask.FromResult(true), TestContext.Current.CancellationToken));
        Assert.Equal("All of it", generation.Text);
    }

    [Fact]
    public async Task What_breaks_before_the_finish_reason_is_a_broken_stream()
    {
        var model = new ScriptedModel(TimeProvider.System, [new Say("Half of it"), new Fail(new IOException("reset"))]);
        var generation = OneAnswer.Of(model.In() with { Client = new ProviderErrors(model) }, [], TimeProvider.System);

        var end = await generation.RunAsync(_ => ValueTask.FromResult(true), TestContext.Current.CancellationToken);

        Assert.Equal(ModelFailureKind.StreamBroken, Assert.IsType<GenerationEnd.Failed>(end).Failure.Kind);
    }

    private static async Task<(GenerationEnd End, string Text)> CallAsync(string wire, string body)
    {
        await using var provider = await CuttingProvider.StartAsync();
        return await provider.CallAsync(provider.Model(wire), new CutReply(RecordedStream.Unread(wire, body)));
    }
}
