using System.Runtime.CompilerServices;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

/// <summary>Long growth on its way to a client that does not read: it is not kept, and read again when the client goes on.</summary>
public sealed class LetGoTests : IDisposable
{
    private readonly PumpBench bench = new();

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task Growth_that_was_let_go_is_read_again_from_the_running_answer()
    {
        var waiting = Waiting();

        await waiting.HoldAsync();

        Assert.Equal(Text(), waiting.Span.ToString());
    }

    [Fact]
    public async Task Growth_that_was_let_go_is_read_again_from_the_stored_answer_once_that_has_ended()
    {
        var waiting = Waiting();
        PumpScript.End(bench, 1, Text() + " and the rest");

        await waiting.HoldAsync();

        Assert.Equal(Text(), waiting.Span.ToString());
    }

    [Fact]
    public async Task Growth_whose_attempt_was_voided_is_gone_and_no_other_text_is_sent_in_its_place()
    {
        var waiting = Waiting();
        PumpScript.Start(bench, 2);
        PumpScript.Append(bench, new Position(2, 0), new string('y', Text().Length));

        await Assert.ThrowsAsync<IOException>(() => waiting.HoldAsync().AsTask());
    }

    [Fact]
    public async Task A_text_that_was_let_go_is_gone_where_the_history_cannot_be_read_again()
    {
        var waiting = Waiting();
        PumpScript.End(bench, 1, Text() + " and the rest");
        bench.HistoryFails = true;

        await Assert.ThrowsAsync<IOException>(() => waiting.HoldAsync().AsTask());
    }

    // In frames of their own, so that nothing but the text on its way could keep it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private SentText Waiting()
    {
        var waiting = Stalled();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return waiting;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private SentText Stalled()
    {
        PumpScript.Start(bench, 1);
        PumpScript.Append(bench, new Position(1, 0), Text());
        var sink = new StalledSink();
        using var feed = bench.Bus.Follow(bench.Job.Owner);
        feed.Resume(bench.Job.JobId, Position.Start);
        Assert.False(bench.Pump(feed, sink).RunAsync().IsCompleted);
        return sink.Waiting!;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string Text() => new('x', 5_000);

    private sealed class StalledSink : IEventSink
    {
        public SentText? Waiting { get; private set; }

        public ValueTask SendAsync(ServerEvent sent, Position after, SentText? text)
        {
            text?.LetGo();
            Waiting ??= text;
            return ValueTask.CompletedTask;
        }

        public ValueTask BeatAsync() => ValueTask.CompletedTask;
    }
}
