using CloudIa.Client.Answers;
using CloudIa.Protocol;
using CsCheck;

namespace CloudIa.Tests.Client;

/// <summary>What holds for every order, loss and repetition of events.</summary>
public class AnswerLawTests
{
    private const string Job = "job";

    // A few attempts' texts; the last one is the stored answer.
    private static readonly Gen<string[]> Attempts = Gen.String[Gen.Char["aãé😀\n "], 0, 40].Array[1, 4];

    // Cuts of the texts into deltas, an order to deliver them in, with losses and repetitions.
    private static readonly Gen<(string[] Texts, MessageDelta[] Delivered)> Deliveries =
        from texts in Attempts
        from cuts in Gen.Int[1, 7].Array[1, 12]
        let deltas = texts.SelectMany((text, i) => Cut(i + 1, text, cuts)).ToArray()
        from order in Gen.Int[0, Math.Max(0, deltas.Length - 1)].Array[0, 3 * deltas.Length]
        select (texts, deltas.Length == 0 ? [] : order.Select(i => deltas[i]).ToArray());

    [Fact]
    public void The_text_is_always_a_prefix_of_the_attempt_it_names()
    {
        Deliveries.Sample(run =>
        {
            var answer = new Answer(Job, "c");
            foreach (var delta in run.Delivered)
            {
                answer.Apply(delta);
                var position = answer.Position;
                var truth = position.Attempt == 0 ? "" : run.Texts[position.Attempt - 1];
                Assert.StartsWith(answer.Text, truth, StringComparison.Ordinal);
                Assert.Equal(position.Offset, answer.Text.Length);
            }
        });
    }

    [Fact]
    public void Positions_never_go_back()
    {
        Deliveries.Sample(run =>
        {
            var answer = new Answer(Job, "c");
            var before = Position.Start;
            foreach (var delta in run.Delivered)
            {
                answer.Apply(delta);
                Assert.True(answer.Position >= before);
                before = answer.Position;
            }
        });
    }

    [Fact]
    public void After_any_delivery_a_resume_from_the_position_gives_the_whole_text_once()
    {
        Deliveries.Sample(run =>
        {
            var answer = new Answer(Job, "c");
            foreach (var delta in run.Delivered)
                answer.Apply(delta);

            foreach (var said in Resume(run.Texts, answer.Position))
                Assert.NotEqual(FoldOutcome.Gap, answer.Apply(said));

            Assert.Equal(run.Texts[^1], answer.Text);
        });
    }

    [Fact]
    public void Taking_everything_a_second_time_changes_nothing()
    {
        Deliveries.Sample(run =>
        {
            var once = new Answer(Job, "c");
            foreach (var delta in run.Delivered)
                once.Apply(delta);
            var (text, position) = (once.Text, once.Position);

            // The same deltas again may fill gaps, never take back or double what is held.
            foreach (var delta in run.Delivered)
                once.Apply(delta);

            Assert.True(once.Position >= position);
            if (once.Position.Attempt == position.Attempt)
                Assert.StartsWith(text, once.Text, StringComparison.Ordinal);
        });
    }

    // What the service answers to a resume, by its contract.
    private static IEnumerable<ServerEvent> Resume(string[] texts, Position from)
    {
        var newest = texts.Length;
        if (from.Attempt < newest)
        {
            yield return new MessageRestarted { JobId = Job, ConversationId = "c", Attempt = newest, Reason = "retry" };
            from = new Position(newest, 0);
        }

        yield return Delta(newest, from.Offset, texts[^1][from.Offset..]);
    }

    private static IEnumerable<MessageDelta> Cut(int attempt, string text, int[] lengths)
    {
        for (int at = 0, i = 0; at < text.Length; i++)
        {
            var length = Math.Min(lengths[i % lengths.Length], text.Length - at);
            yield return Delta(attempt, at, text.Substring(at, length));
            at += length;
        }
    }

    private static MessageDelta Delta(int attempt, int offset, string delta) =>
        new() { JobId = Job, ConversationId = "c", Attempt = attempt, Offset = offset, Delta = delta };
}
