using CloudIa.Core.Delivery.Relay;
using CloudIa.Gateway.Relay;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway.Relay;

public sealed class RelaySinkTests
{
    /// <summary>Each of its characters is longer in JSON than in memory, or is two of them.</summary>
    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.String[Gen.Char.AlphaNumeric, 0, 200],
        Gen.Select(Gen.Const("\u0001"), Gen.Int[1, 70_000], (text, times) => string.Concat(Enumerable.Repeat(text, times))),
        Gen.Select(Gen.OneOf(new[] { "🌍é\"", "€\\", "plain text ", "\r\n" }.Select(Gen.Const).ToArray()), Gen.Int[1, 30_000], (text, times) => string.Concat(Enumerable.Repeat(text, times))));

    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Whatever_was_sent_before_its_end_the_client_has_the_stored_text_and_no_message_is_too_long() =>
        Gen.Select(Texts, Gen.Int[0, 100], Gen.Bool).Sample((text, percent, stopped) =>
        {
            var machine = new RelayMachine(time);
            var sink = Sink(machine);
            var held = text[..WholeCharacters(text, text.Length * percent / 100)];
            Send(sink.SendAsync(Delta(1, 0, held), default));
            Send(sink.SendAsync(End(stopped, 1, ""), default, new SentText(text)));
            Assert.Equal((text, stopped ? JobStatus.Cancelled : JobStatus.Completed), (machine.Answer.Text, machine.Answer.State.Status));
        });

    [Fact]
    public void Who_has_been_sent_all_of_a_long_answer_is_not_sent_it_again()
    {
        var machine = new RelayMachine(time);
        var sink = Sink(machine);
        var text = new string('a', 3 * RelaySink.LongestText);
        Send(sink.SendAsync(Delta(2, 0, text), default));
        Send(sink.SendAsync(End(false, 2, ""), default, new SentText(text)));
        Assert.Equal(["MessageDelta", "MessageDelta", "MessageDelta", "MessageCompleted"], machine.Read.Select(read => read.GetType().Name));
        Assert.Equal((text, JobStatus.Completed), (machine.Answer.Text, machine.Answer.State.Status));
    }

    [Fact]
    public void A_client_that_comes_back_for_a_long_answer_that_has_ended_is_sent_all_of_it_whatever_it_holds()
    {
        var machine = new RelayMachine(time);
        machine.Answer.Apply(Delta(1, 0, "what a first attempt said"));
        var text = string.Concat(Enumerable.Repeat("long ", RelaySink.LongestText));
        Send(Sink(machine).SendAsync(End(false, 3, ""), default, new SentText(text)));
        Assert.Equal((text, JobStatus.Completed), (machine.Answer.Text, machine.Answer.State.Status));
    }

    [Fact]
    public void Of_a_posted_message_that_is_too_long_the_owner_is_told_without_it()
    {
        var machine = new RelayMachine(time);
        Send(Sink(machine).SendAsync(new Accepted { JobId = "job", ConversationId = "conversation", Status = JobStatus.Queued, Message = new string('\u0001', 32_000) }, default));
        Assert.Null(Assert.IsType<Accepted>(Assert.Single(machine.Read)).Message);
    }

    [Theory]
    [InlineData(PostOutcome.Busy)]
    [InlineData(PostOutcome.Failed)]
    public async Task What_is_not_taken_is_posted_again_ever_later_and_in_its_order(PostOutcome outcome)
    {
        var machine = new RelayMachine(time);
        var sink = Sink(machine);
        for (var i = 0; i < 8; i++)
        {
            machine.Answers.Enqueue(outcome);
        }

        await PassUntilAsync(sink.SendAsync(Delta(1, 0, "Hello "), default).AsTask());
        Send(sink.SendAsync(Delta(1, 6, "world"), default));
        Assert.Equal("Hello world", machine.Answer.Text);
        var pauses = machine.PostedAt.Zip(machine.PostedAt.Skip(1), (one, next) => next - one).Take(8).ToList();
        Assert.InRange(pauses[0], TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(200));
        Assert.InRange(pauses[^1], TimeSpan.FromMilliseconds(2_500), TimeSpan.FromMilliseconds(5_100));
    }

    [Fact]
    public async Task A_connection_whose_handshake_is_not_answered_yet_is_waited_for()
    {
        var machine = new RelayMachine(time);
        machine.Answers.Enqueue(PostOutcome.Gone);
        machine.Answers.Enqueue(PostOutcome.Gone);
        await PassUntilAsync(Sink(machine).SendAsync(new Pong(), default).AsTask());
        Assert.IsType<Pong>(Assert.Single(machine.Read));
    }

    [Fact]
    public async Task A_connection_that_is_gone_is_given_up_after_the_time_of_a_handshake()
    {
        var machine = new RelayMachine(time) { Always = PostOutcome.Gone };
        var began = time.GetUtcNow();
        await Assert.ThrowsAsync<ConnectionGoneException>(() => PassUntilAsync(Sink(machine).SendAsync(new Pong(), default).AsTask()));
        Assert.InRange(time.GetUtcNow() - began, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));

        var posts = machine.PostedAt.Count;
        await Assert.ThrowsAsync<ConnectionGoneException>(async () => await Sink(machine).SendAsync(new Pong(), default));
        Assert.Equal(posts + 1, machine.PostedAt.Count);
    }

    private static MessageDelta Delta(int attempt, int offset, string text) =>
        new() { JobId = "job", ConversationId = "conversation", Attempt = attempt, Offset = offset, Delta = text };

    private static JobEvent End(bool stopped, int attempt, string text) => stopped
        ? new MessageStopped { JobId = "job", ConversationId = "conversation", Turn = 1, Attempt = attempt, Content = text }
        : new MessageCompleted
        {
            JobId = "job",
            ConversationId = "conversation",
            Turn = 1,
            Attempt = attempt,
            Content = text,
            Metadata = new AnswerMetadata { Model = "demo", Tokens = 0, InputTokens = 0, OutputTokens = 0, Attempts = 1, DurationMs = 0, FinishReason = "stop" },
        };

    private static int WholeCharacters(string text, int length) => length > 0 && length < text.Length && char.IsLowSurrogate(text[length]) ? length - 1 : length;

    private static void Send(ValueTask send) => Assert.True(send.IsCompletedSuccessfully);

    private RelaySink Sink(RelayMachine machine) => new(machine, machine.Connection, time, CancellationToken.None);

    private async Task PassUntilAsync(Task done)
    {
        for (var step = 0; !done.IsCompleted; step++)
        {
            Assert.True(step < 100_000, "It never ends.");
            time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await done;
    }
}
