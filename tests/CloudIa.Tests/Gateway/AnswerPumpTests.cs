using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;

namespace CloudIa.Tests.Gateway;

public sealed class AnswerPumpTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(10);

    private readonly PumpBench bench = new();
    private int attempt;
    private string text = "";

    public void Dispose() => bench.Dispose();

    [Fact]
    public void The_first_delta_goes_at_once_and_later_ones_gather_what_grew()
    {
        Start();
        Append("first");
        Assert.Equal("first", bench.Text);

        Append(" second");
        bench.Pass(Moment);
        Append(" third");
        Assert.Equal("first", bench.Text);

        bench.Pass(PumpBench.Coalesce - Moment);
        Assert.Equal("first second third", bench.Text);
        Assert.Equal(["first", " second third"], bench.Deltas.Select(delta => delta.Delta));
    }

    [Fact]
    public void After_a_pause_a_delta_goes_at_once_again()
    {
        Start();
        Append("a");
        bench.Pass(PumpBench.Coalesce);
        Append("b");

        Assert.Equal("ab", bench.Text);
    }

    [Fact]
    public void An_answer_that_streams_steadily_is_sent_in_fewer_and_longer_deltas_until_it_pauses()
    {
        Start();
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(2); passed += Moment)
        {
            Append("t");
            bench.Pass(Moment);
        }

        // The first at once, four by the short window, and the rest by the long one.
        var first = 4 * PumpBench.Coalesce;
        var expected = 1 + 4 + (int)((TimeSpan.FromSeconds(2) - first) / PumpBench.SteadyCoalesce);
        Assert.InRange(bench.Deltas.Count(), expected - 1, expected + 1);

        bench.Pass(PumpBench.SteadyCoalesce);
        Assert.Equal(text, bench.Text);
        bench.Pass(2 * PumpBench.SteadyCoalesce);
        var before = bench.Deltas.Count();
        Append("a");
        bench.Pass(PumpBench.Coalesce);
        Append("b");
        Assert.Equal(before + 2, bench.Deltas.Count());
    }

    [Fact]
    public void A_slow_client_gets_all_that_grew_meanwhile_in_one_delta()
    {
        Start();
        Append("a");
        bench.Pass(PumpBench.Coalesce);
        bench.Stall();
        Append("b");
        for (var i = 0; i < 100; i++)
        {
            bench.Pass(PumpBench.Coalesce);
            Append("c");
        }

        Assert.Equal("a", bench.Text);
        bench.Unstall();
        bench.Pass(PumpBench.Coalesce);
        Assert.Equal(text, bench.Text);
        Assert.Equal(3, bench.Deltas.Count());
    }

    [Fact]
    public void The_end_brings_what_was_still_held_back_before_the_completion()
    {
        Start();
        Append("a");
        Append("b");
        End();

        Assert.Equal(["MessageStarted", "MessageDelta", "MessageDelta", "MessageCompleted"], Kinds());
        Assert.Equal("ab", bench.Text);
    }

    [Fact]
    public void A_client_that_comes_back_goes_on_from_where_it_stands_without_a_restart()
    {
        Start();
        Append("Olá, ");
        bench.Connect(resume: false);
        Append("mun");
        bench.Pass(PumpBench.Coalesce);
        bench.Connect(resume: true);
        Append("do");
        bench.Pass(PumpBench.Coalesce);

        Assert.Equal("Olá, mundo", bench.Text);
        Assert.DoesNotContain("MessageRestarted", Kinds());
    }

    [Theory]
    [InlineData(1, 99)]
    [InlineData(1, 2)]
    [InlineData(9, 0)]
    [InlineData(0, 3)]
    public void A_client_with_a_place_that_does_not_exist_is_told_so_and_begins_again(int attempt, int offset)
    {
        Start();
        Append("a😀b");
        var restart = Resumed(new Position(attempt, offset));

        Assert.Equal(attempt == 0 ? "retry" : "position_unknown", restart.Reason);
        Assert.Equal(1, restart.Attempt);
    }

    [Fact]
    public void A_client_that_holds_an_earlier_attempt_is_told_of_the_retry()
    {
        Start();
        Append("abc");
        Start();
        Append("de");

        Assert.Equal(("retry", 2), Resumed(new Position(1, 3)) is var restart ? (restart.Reason, restart.Attempt) : default);
    }

    [Fact]
    public void A_restart_voids_the_text_and_its_first_delta_goes_at_once()
    {
        Start();
        Append("old");
        Start();
        Append("new");

        Assert.Equal("new", bench.Text);
        Assert.Equal(["MessageStarted", "MessageDelta", "MessageRestarted", "MessageStarted", "MessageDelta"], Kinds());
    }

    [Fact]
    public void Who_was_told_of_a_failure_is_sent_the_answer_of_a_later_attempt()
    {
        Start();
        Append("void");
        bench.Do(() => bench.Bus.EndAsync(
            bench.Job.Key,
            EventHead.Of(bench.Job, bench.Time.GetUtcNow()).On(new ErrorEvent { Attempt = 1, Code = ErrorCode.AttemptsExhausted, Final = true }),
            CancellationToken.None));
        Start();
        Append("at last");
        End();

        Assert.Equal(["MessageStarted", "MessageDelta", "ErrorEvent", "MessageRestarted", "MessageStarted", "MessageDelta", "MessageCompleted"], Kinds());
        Assert.Equal("at last", bench.Text);
    }

    [Fact]
    public void Who_holds_all_of_it_is_sent_the_end_alone()
    {
        Start();
        Append("all");
        bench.Connect(resume: true);
        End();

        Assert.Equal(["MessageCompleted"], Kinds());
    }

    [Fact]
    public void Who_named_a_place_within_a_character_of_an_answer_that_nobody_runs_is_sent_the_end_alone()
    {
        bench.Stored[bench.Job.JobId] = new Turn
        {
            JobId = bench.Job.JobId,
            ConversationId = bench.Job.ConversationId,
            Number = 1,
            Message = bench.Job.Message,
            Fingerprint = "",
            AcceptedAt = bench.Job.AcceptedAt,
            Attempt = 1,
            Status = JobStatus.Running,
            End = null,
        };
        bench.Connect(resume: true, new Position(1, 2));
        (attempt, text) = (1, "a😀b");
        End();

        Assert.Equal(["MessageCompleted"], Kinds());
    }

    [Fact]
    public void An_answer_is_resumed_in_one_delta_and_only_a_very_long_one_in_parts()
    {
        Start();
        Append(string.Concat(Enumerable.Repeat("0123456789", 3_000)));

        Assert.Equal(text, Assert.IsType<MessageDelta>(Assert.Single(Elsewhere(Position.Start))).Delta);

        Append(string.Concat(Enumerable.Repeat("0123456789", 4_000)));

        var deltas = Elsewhere(Position.Start).Cast<MessageDelta>().ToList();

        Assert.Equal([32_768, 32_768, 4_464], deltas.Select(delta => delta.Delta.Length));
        Assert.Equal(text, string.Concat(deltas.Select(delta => delta.Delta)));
    }

    [Fact]
    public void A_long_end_waits_as_a_word_and_is_read_from_the_history()
    {
        Start();
        bench.Stall();
        Append(new string('a', 20_000));
        End();
        Assert.Equal("", bench.Text);
        bench.Unstall();

        Assert.Equal(text, bench.Text);
        Assert.Equal("MessageCompleted", Kinds().Last());
    }

    [Fact]
    public void Who_resumes_an_answer_that_has_ended_is_told_its_end_and_of_one_that_never_was_that_it_is_not_there()
    {
        Start();
        Append("all");
        End();
        Assert.Equal("all", Assert.IsType<MessageCompleted>(Assert.Single(Elsewhere(new Position(1, 1)))).Content);

        bench.Stored.Clear();
        Assert.Equal(ErrorCode.NotFound, Assert.IsType<ErrorEvent>(Assert.Single(Elsewhere(new Position(1, 1)))).Code);
    }

    [Fact]
    public void A_long_end_that_is_deleted_before_it_is_read_is_told_as_deleted_and_ends_an_event_stream()
    {
        using var stream = bench.Bus.Follow(bench.Job.Owner, bench.Job.JobId);
        Start();
        bench.Stall();
        Append(new string('a', 20_000));
        End();
        bench.Stored.Clear();
        bench.Unstall();
        Assert.Equal((ErrorCode.ConversationDeleted, true), bench.Sent[^1].Sent is ErrorEvent told ? (told.Code, told.Final) : default);

        Assert.True(bench.Pump(stream, new Recorder([])).RunAsync().IsCompletedSuccessfully);
    }

    [Fact]
    public void Who_comes_back_is_sent_nothing_twice_of_what_grew_before_it_was_known_that_the_answer_runs()
    {
        Start();
        Append("Olá, ");
        using var stream = bench.Bus.Follow(bench.Job.Owner, bench.Job.JobId);
        Append("mundo");
        var told = new List<ServerEvent>();
        Assert.False(bench.Pump(stream, new Recorder(told)).RunAsync(new FeedItem(bench.Job.JobId, null, new Position(1, 5))).IsCompleted);

        Assert.Equal((5, "mundo"), Assert.IsType<MessageDelta>(Assert.Single(told)) is var delta ? (delta.Offset, delta.Delta) : default);
    }

    private MessageRestarted Resumed(Position from)
    {
        var told = Elsewhere(from);
        Assert.Collection(
            told,
            restarted => Assert.IsType<MessageRestarted>(restarted),
            delta => Assert.Equal((text, 0), Assert.IsType<MessageDelta>(delta) is var d ? (d.Delta, d.Offset) : default));
        return (MessageRestarted)told[0];
    }

    /// <summary>What another connection is told that resumes from a place.</summary>
    private List<ServerEvent> Elsewhere(Position from)
    {
        var told = new List<ServerEvent>();
        using var feed = bench.Bus.Follow(bench.Job.Owner);
        feed.Resume(bench.Job.JobId, from);
        Assert.False(bench.Pump(feed, new Recorder(told)).RunAsync().IsCompleted);
        return told;
    }

    private IEnumerable<string> Kinds() => bench.Sent.Select(one => one.Sent.GetType().Name);

    private void Start()
    {
        attempt++;
        text = "";
        PumpScript.Start(bench, attempt);
    }

    private void Append(string more)
    {
        PumpScript.Append(bench, new Position(attempt, text.Length), more);
        text += more;
    }

    private void End() => PumpScript.End(bench, attempt, text);

    private sealed class Recorder(List<ServerEvent> events) : IEventSink
    {
        public ValueTask SendAsync(ServerEvent sent, Position after, SentText? text)
        {
            events.Add(PumpBench.Whole(sent, text));
            return ValueTask.CompletedTask;
        }

        public ValueTask BeatAsync() => ValueTask.CompletedTask;
    }
}
