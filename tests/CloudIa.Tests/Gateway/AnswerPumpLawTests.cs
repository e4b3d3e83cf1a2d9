using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Tests.Gateway;

/// <summary>
/// Whatever a worker and a connection do, in any order, the client's deltas are contiguous and are the text. The
/// contiguity itself is judged by the bench, at every event.
/// </summary>
public class AnswerPumpLawTests
{
    // Longer than one delta; with a character that a cut at its length would split.
    private static readonly string Long = new string('x', AnswerPump.LongestDelta - 1) + "😀 and on";

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (8, Gen.OneOf(Gen.String[Gen.Char["abc \n"], 1, 4], Gen.Const("😀"), Gen.Const("é")).Select(text => (Step)new Append(text))),
        (1, Gen.Int[1, 3].Select(times => (Step)new Append(string.Concat(Enumerable.Repeat(Long, times))))),
        (5, Gen.Int[1, 80].Select(milliseconds => (Step)new Pass(milliseconds))),
        (1, Gen.Const((Step)new Restart())),
        (1, Gen.Const((Step)new Reconnect())),
        (2, Gen.Const((Step)new Stall())),
        (2, Gen.Const((Step)new Unstall())));

    [Fact]
    public void The_clients_text_is_always_a_beginning_of_the_truth_and_at_rest_all_of_it() =>
        Steps.Array[1, 60].Sample(Run, iter: 2_000, print: steps => string.Join("; ", steps.AsEnumerable()));

    private static void Run(Step[] steps)
    {
        using var bench = new PumpBench();
        var texts = new Dictionary<int, string> { [1] = "" };
        var attempt = 1;
        var resumes = 0;
        PumpScript.Start(bench, attempt);
        foreach (var step in steps)
        {
            switch (step)
            {
                case Append(var text):
                    PumpScript.Append(bench, new Position(attempt, texts[attempt].Length), text);
                    texts[attempt] += text;
                    break;
                case Pass(var milliseconds):
                    bench.Pass(TimeSpan.FromMilliseconds(milliseconds));
                    break;
                case Restart:
                    texts[++attempt] = "";
                    PumpScript.Start(bench, attempt);
                    break;
                case Reconnect:
                    resumes++;
                    bench.Connect(resume: true);
                    break;
                case Stall:
                    bench.Stall();
                    break;
                case Unstall:
                    bench.Unstall();
                    break;
            }

            var truth = bench.Holds.Attempt == 0 ? "" : texts[bench.Holds.Attempt];
            Assert.StartsWith(bench.Text, truth, StringComparison.Ordinal);
            AssertPaced(bench);
        }

        bench.Unstall();
        bench.Pass(PumpBench.SteadyCoalesce);
        Assert.Equal((attempt, texts[attempt]), (Math.Max(bench.Holds.Attempt, texts[attempt].Length == 0 ? attempt : 0), bench.Text));
        AssertPaced(bench);

        // Some ends find a client that does not read, and are too long to wait for it in its feed.
        if (steps.Length % 2 == 0)
        {
            bench.Stall();
            PumpScript.Append(bench, new Position(attempt, texts[attempt].Length), Long);
            texts[attempt] += Long;
        }

        PumpScript.End(bench, attempt, texts[attempt]);
        bench.Unstall();
        Assert.Equal((new Position(attempt, texts[attempt].Length), texts[attempt]), (bench.Holds, bench.Text));
        Assert.False(bench.Running.IsFaulted);
    }

    // On one connection, two deltas of an attempt have the coalescing time between them, but for the parts of a long one.
    private static void AssertPaced(PumpBench bench)
    {
        MessageDelta? before = null;
        DateTimeOffset beforeAt = default;
        foreach (var (sent, at) in bench.Sent)
        {
            if (sent is MessageDelta delta)
            {
                Assert.True(before?.Attempt != delta.Attempt || before.Delta.Length >= AnswerPump.LongestDelta - 1 || at - beforeAt >= PumpBench.Coalesce, "two deltas came too close to each other");
                (before, beforeAt) = (delta, at);
            }
        }
    }

    private abstract record Step;

    private sealed record Append(string Text) : Step;

    private sealed record Pass(int Milliseconds) : Step;

    private sealed record Restart : Step;

    private sealed record Reconnect : Step;

    private sealed record Stall : Step;

    private sealed record Unstall : Step;
}
