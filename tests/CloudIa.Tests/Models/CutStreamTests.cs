using System.Collections.Concurrent;
using System.Diagnostics;
using CloudIa.Core.Model;

namespace CloudIa.Tests.Models;

/// <summary>
/// What a provider says does not depend on how its bytes are cut, and half of it is no answer: at every byte, over HTTP,
/// with the clients that the program uses.
/// </summary>
public class CutStreamTests(ITestOutputHelper output)
{
    private const int AtOnce = 16;

    public static TheoryData<string, string> Wires => new() { { "openai", "LF" }, { "openai", "CRLF" }, { "anthropic", "LF" }, { "anthropic", "CRLF" } };

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task The_answer_is_the_same_for_every_byte_at_which_the_stream_is_cut_in_two(string wire, string newline)
    {
        var stream = RecordedStreams.Of(wire, newline);
        Assert.Equal(RecordedStreams.Answer, stream.Text);

        var wrong = await AtEveryByteAsync(
            stream,
            at => new CutReply(stream) { Cuts = [at] },
            (_, end, text) => end is GenerationEnd.Completed { FinishReason: "stop", Usage: { InputTokens: 9, OutputTokens: 21 } } && text == RecordedStreams.Answer);

        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task The_answer_is_the_same_where_each_byte_comes_alone(string wire, string newline)
    {
        var stream = RecordedStreams.Of(wire, newline);
        await using var provider = await CuttingProvider.StartAsync();

        var (end, text) = await provider.CallAsync(provider.Model(wire), new CutReply(stream)
        {
            Cuts = Enumerable.Range(1, stream.Bytes.Length - 1),
            Pause = TimeSpan.Zero,
        });

        Assert.IsType<GenerationEnd.Completed>(end);
        Assert.Equal(RecordedStreams.Answer, text);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task A_stream_that_ends_in_good_order_before_its_finish_reason_is_broken_at_every_byte(string wire, string newline)
    {
        var stream = RecordedStreams.Of(wire, newline);

        var wrong = await AtEveryByteAsync(stream, at => new CutReply(stream) { End = at }, (at, end, text) => IsRight(stream, at, end, text));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public async Task A_stream_whose_connection_is_reset_before_its_finish_reason_is_broken_at_every_byte(string wire, string newline)
    {
        var stream = RecordedStreams.Of(wire, newline);

        var wrong = await AtEveryByteAsync(stream, at => new CutReply(stream) { End = at, Reset = true }, (at, end, text) => IsRightAfterReset(stream, at, end, text));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }

    // A reset may overtake the last bytes: a stream that was whole may be read as a broken one.
    private static bool IsRightAfterReset(RecordedStream stream, int at, GenerationEnd end, string text) =>
        IsRight(stream, at, end, text) || (at >= stream.Ended && text == stream.Text && end is GenerationEnd.Failed { Failure.Kind: ModelFailureKind.StreamBroken });

    private static bool IsRight(RecordedStream stream, int at, GenerationEnd end, string text)
    {
        // At the end of all bytes a CR may end a line as CRLF does.
        var shown = text.Length == stream.TextIn(at) || (stream.Bytes.Span[at - 1] == '\r' && text.Length == stream.TextIn(at + 1));
        return end switch
        {
            GenerationEnd.Completed => at >= stream.Said && text == stream.Text,
            GenerationEnd.Failed { Failure.Kind: ModelFailureKind.StreamBroken } => at < stream.Ended && shown && stream.Text.StartsWith(text, StringComparison.Ordinal),

            // Reset before the response was read.
            GenerationEnd.Failed { Failure.Kind: ModelFailureKind.Unreachable } => stream.TextIn(at) == 0 && text.Length == 0,
            _ => false,
        };
    }

    /// <summary>What went wrong, a line each.</summary>
    private async Task<IReadOnlyCollection<string>> AtEveryByteAsync(
        RecordedStream stream,
        Func<int, CutReply> cut,
        Func<int, GenerationEnd, string, bool> isRight)
    {
        var clock = Stopwatch.StartNew();
        var wrong = new ConcurrentQueue<string>();
        await using var provider = await CuttingProvider.StartAsync();
        var model = provider.Model(stream.Provider);
        await Parallel.ForEachAsync(
            Enumerable.Range(1, stream.Bytes.Length - 1),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (at, _) =>
            {
                var (end, text) = await provider.CallAsync(model, cut(at));
                if (!isRight(at, end, text))
                {
                    wrong.Enqueue($"byte {at}: {end} after '{text}'");
                }
            });
        output.WriteLine($"{stream.Bytes.Length} bytes, {clock.Elapsed.TotalSeconds:F1} s");
        return wrong;
    }
}
