using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

/// <summary>Where words may be lost, whoever waits for an answer gets it all the same.</summary>
public sealed class PumpLookingTests : IDisposable
{
    /// <summary>Seconds in which a word that was lost is missed.</summary>
    private const int Soon = 4;

    private readonly PumpBench bench = new(DeliveryState.Lossy);

    public void Dispose() => bench.Dispose();

    [Fact]
    public void Who_holds_more_than_the_bus_because_the_end_is_stored_already_is_told_the_end_and_no_restart()
    {
        Begin("abc");
        PumpScript.Store(bench, 1, "abcdef");
        bench.Connect(resume: true, new Position(1, 6));
        Assert.Equal("abcdef", Assert.IsType<MessageCompleted>(Assert.Single(bench.Sent).Sent).Content);
    }

    [Fact]
    public void Who_holds_more_than_the_bus_of_an_answer_that_goes_on_begins_again()
    {
        Begin("abc");
        bench.Connect(resume: true, new Position(1, 6));
        Assert.Equal("position_unknown", Assert.IsType<MessageRestarted>(bench.Sent[0].Sent).Reason);
        Assert.Equal("abc", bench.Text);
    }

    [Fact]
    public void Text_whose_word_was_lost_is_found()
    {
        Begin("abc");
        bench.LoseWords();
        PumpScript.Append(bench, new Position(1, 3), "def");
        Assert.Equal("abc", bench.Text);

        Pass(Soon);
        Assert.Equal("abcdef", bench.Text);
    }

    [Fact]
    public void An_end_whose_word_was_lost_is_found_in_the_history_with_the_text_that_lacked()
    {
        Begin("abc");
        bench.LoseWords();
        PumpScript.End(bench, 1, "abcdef");

        Pass(Soon);
        Assert.Equal(["abc", "def"], bench.Deltas.Select(delta => delta.Delta));
        Assert.Equal("abcdef", Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent).Content);

        var sent = bench.Sent.Count;
        Pass(10 * Soon);
        Assert.Equal(sent, bench.Sent.Count);
    }

    [Fact]
    public void An_end_that_was_found_before_its_words_came_is_told_once_and_a_later_attempts_as_well()
    {
        Begin("abc");
        PumpScript.Store(bench, 1, "abcdef");
        Pass(Soon);
        Assert.Equal("abcdef", Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent).Content);

        var sent = bench.Sent.Count;
        PumpScript.Append(bench, new Position(1, 3), "def");
        PumpScript.End(bench, 1, "abcdef");
        Pass(Soon);
        Assert.Equal(sent, bench.Sent.Count);

        PumpScript.Start(bench, 2);
        PumpScript.Append(bench, new Position(2, 0), "xy");
        PumpScript.End(bench, 2, "xy");
        Assert.Equal(("xy", "xy"), (bench.Text, Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent).Content));
    }

    [Fact]
    public void A_message_that_was_accepted_is_waited_for_though_no_other_word_of_it_comes()
    {
        Accept();
        bench.LoseWords();
        PumpScript.Start(bench, 1);
        PumpScript.Append(bench, new Position(1, 0), "abc");
        Pass(Soon);
        Assert.Equal("abc", bench.Text);

        PumpScript.End(bench, 1, "abc");
        Pass(Soon);
        Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent);
    }

    [Fact]
    public void A_message_that_the_history_does_not_know_yet_is_not_said_to_be_gone()
    {
        Accept();
        Pass(Soon);
        Assert.IsType<Accepted>(bench.Sent[^1].Sent);

        bench.LoseWords();
        PumpScript.End(bench, 1, "abc");
        Pass(Soon);
        Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent);
    }

    [Fact]
    public void An_answer_that_began_and_is_unknown_to_the_history_was_deleted()
    {
        Begin("abc");
        bench.LoseWords();
        Pass(Soon);

        Assert.Equal(ErrorCode.ConversationDeleted, Assert.IsType<ErrorEvent>(bench.Sent[^1].Sent).Code);
    }

    [Fact]
    public void While_the_history_is_away_nothing_is_said_and_it_is_asked_again()
    {
        Begin("abc");
        bench.LoseWords();
        bench.HistoryFails = true;
        Pass(Soon);
        Assert.IsType<MessageDelta>(bench.Sent[^1].Sent);

        PumpScript.End(bench, 1, "abc");
        bench.HistoryFails = false;
        Pass(4 * Soon);
        Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent);
    }

    [Fact]
    public void While_the_engine_is_away_it_is_looked_every_second()
    {
        Begin("abc");
        bench.LoseWords();
        Store();
        bench.State = DeliveryState.Away;
        Pass(2);
        PumpScript.End(bench, 1, "abc");

        Pass(1);
        Assert.IsType<MessageCompleted>(bench.Sent[^1].Sent);
    }

    [Fact]
    public void Who_is_told_to_look_looks_at_once()
    {
        Begin("abc");
        bench.LoseWords();
        PumpScript.Append(bench, new Position(1, 3), "def");
        bench.TellToLook();

        Assert.Equal("abcdef", bench.Text);
    }

    [Fact]
    public void An_attempt_whose_words_were_lost_is_begun_anew()
    {
        Begin("abc");
        bench.LoseWords();
        PumpScript.Start(bench, 2);
        PumpScript.Append(bench, new Position(2, 0), "xy");
        Pass(Soon);

        Assert.Equal(2, Assert.IsType<MessageRestarted>(bench.Sent[^2].Sent).Attempt);
        Assert.Equal("xy", bench.Text);
    }

    [Fact]
    public void Nobody_looks_while_nothing_is_waited_for_or_while_words_come_and_ever_more_seldom_while_none_does()
    {
        Pass(10 * Soon);
        Assert.Equal(0, bench.Finds);

        Store();
        Begin("");
        for (var i = 0; i < 100; i++)
        {
            PumpScript.Append(bench, new Position(1, i), "x");
            bench.Pass(TimeSpan.FromMilliseconds(500));
        }

        Assert.Equal(0, bench.Finds);
        bench.LoseWords();
        Pass(160);

        // Of 80 looks at the bus the 2nd, the 4th, and every 8th.
        Assert.InRange(bench.Finds, 10, 14);
    }

    [Fact]
    public void A_bus_that_loses_nothing_is_not_looked_at()
    {
        bench.State = DeliveryState.Sure;
        Begin("abc");
        bench.LoseWords();
        Pass(10 * Soon);

        Assert.Equal(0, bench.Finds);
    }

    [Fact]
    public void A_stream_of_one_job_ends_with_the_end_that_it_found()
    {
        Begin("abc");
        using var stream = bench.Bus.Follow(bench.Job.Owner, bench.Job.JobId);
        bench.LoseWords();
        PumpScript.End(bench, 1, "abc");
        stream.TryTake(out _);
        Assert.True(bench.Pump(stream, new Ignored()).RunAsync(new FeedItem(bench.Job.JobId, null, new Position(1, 3))).IsCompletedSuccessfully);
    }

    private void Pass(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            bench.Pass(TimeSpan.FromSeconds(1));
        }
    }

    private void Accept() => bench.Do(() => bench.Bus.PublishAsync(
        bench.Job.Owner, new Accepted { JobId = bench.Job.JobId, ConversationId = bench.Job.ConversationId, Status = JobStatus.Queued }, CancellationToken.None));

    private void Begin(string text)
    {
        PumpScript.Start(bench, 1);
        if (text.Length > 0)
        {
            PumpScript.Append(bench, new Position(1, 0), text);
        }
    }

    private void Store() => bench.Stored[bench.Job.JobId] = new Turn
    {
        JobId = bench.Job.JobId,
        ConversationId = bench.Job.ConversationId,
        Message = "",
        Fingerprint = "",
        AcceptedAt = bench.Job.AcceptedAt,
        Attempt = 1,
        Status = JobStatus.Running,
    };

    private sealed class Ignored : CloudIa.Gateway.Streaming.IEventSink
    {
        public ValueTask SendAsync(ServerEvent sent, Position after, CloudIa.Gateway.Streaming.SentText? text) => ValueTask.CompletedTask;

        public ValueTask BeatAsync() => ValueTask.CompletedTask;
    }
}
