using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Protocol;
using CsCheck;
using Microsoft.Extensions.AI;

namespace CloudIa.Tests.Core;

public class RecallTests
{
    private const int PerMessage = 4;

    private static readonly JobMessage Job = Workshop.Job(message: "now?");

    [Fact]
    public async Task A_prompt_is_the_system_the_earlier_turns_in_order_and_the_message()
    {
        var prompt = await PromptAsync(new ReadHistory(3), 100_000);

        Assert.Equal(
            [("system", "be brief"), ("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2"), ("user", "q3"), ("assistant", "a3"), ("user", "now?")],
            prompt.Select(message => (message.Role.Value, message.Text)));
    }

    [Fact]
    public async Task The_first_turn_reads_no_history()
    {
        var history = new ReadHistory(0);
        Assert.Equal(2, (await PromptAsync(history, 100_000)).Count);
        Assert.Equal(0, history.Reads);
    }

    [Fact]
    public async Task Turns_without_an_answer_are_left_out()
    {
        var history = new ReadHistory(5) { [2] = null, [4] = "" };

        Assert.Equal(["be brief", "q1", "a1", "q3", "a3", "q5", "a5", "now?"], (await PromptAsync(history, 100_000)).Select(message => message.Text));
    }

    [Theory]
    [InlineData(10_000)]
    [InlineData(100_000)]
    public async Task What_is_read_grows_with_the_window_and_never_with_the_history(int turns)
    {
        var history = new ReadHistory(turns);
        await PromptAsync(history, 400);

        Assert.InRange(history.TurnsRead, 1, 60);
    }

    [Fact]
    public async Task A_long_history_without_answers_is_not_searched_to_its_end()
    {
        var history = new ReadHistory(10_000, answer: _ => null);
        await PromptAsync(history, 100_000, maxTurns: 50);

        Assert.InRange(history.TurnsRead, 1, 100);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(25, 25)]
    public async Task No_more_turns_are_recalled_than_configured(int maxTurns, int recalled)
    {
        var prompt = await PromptAsync(new ReadHistory(60), 1_000_000, maxTurns);

        Assert.Equal(2 + (2 * recalled), prompt.Count);
        Assert.Equal(60, recalled == 0 ? 60 : int.Parse(prompt[^2].Text[1..], System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public Task The_newest_turns_that_fit_are_recalled_and_the_next_would_not_fit() =>
        Gen.Select(Gen.Int[0, 70], Gen.Int[1, 60], Gen.Int[100, 3_000]).SampleAsync(
            async (turns, length, window) =>
            {
                var history = new ReadHistory(turns, answer: i => new string('x', 1 + (i * 7 % length)));
                var prompt = await PromptAsync(history, window);

                var recalled = (prompt.Count - 2) / 2;
                Assert.Equal(
                    Enumerable.Range(turns - recalled + 1, recalled).Select(i => $"q{i}"),
                    prompt.Skip(1).SkipLast(1).Where(message => message.Role == ChatRole.User).Select(message => message.Text));
                var room = window - (window / 2);
                Assert.True(recalled == 0 || Cost(prompt) <= room);
                if (recalled < turns)
                {
                    Assert.True(Cost(prompt) + Cost([new ChatMessage(ChatRole.User, $"q{turns - recalled}"), new ChatMessage(ChatRole.Assistant, history[turns - recalled])]) > room);
                }
            },
            threads: 1);

    private static int Cost(IEnumerable<ChatMessage> prompt) => prompt.Sum(message => PerMessage + message.Text.Length);

    private static Task<IReadOnlyList<ChatMessage>> PromptAsync(ReadHistory history, int window, int maxTurns = 200)
    {
        var model = new ScriptedModel(TimeProvider.System).In(new ModelOptions { ContextTokens = window, MaxOutputTokens = window / 2 });
        var recall = new Recall(history, new PromptOptions { System = "be brief", MaxTurns = maxTurns });
        return recall.PromptAsync(Job, new BeginResult.Started(history.Turns + 1, 1), model, CancellationToken.None);
    }

    /// <summary>Turns "q1"/"a1", "q2"/"a2" …, made when they are read, and counted.</summary>
    private sealed class ReadHistory(int turns, Func<int, string?>? answer = null) : UnusedStore
    {
        private readonly Dictionary<int, string?> others = [];

        public int Turns => turns;

        public int Reads { get; private set; }

        public int TurnsRead { get; private set; }

        public string? this[int turn]
        {
            get => others.TryGetValue(turn, out var other) ? other : answer is null ? $"a{turn}" : answer(turn);
            set => others[turn] = value;
        }

        public override Task<IReadOnlyList<Turn>> ReadTurnsAsync(ConversationKey conversation, int? before, int limit, CancellationToken cancellation)
        {
            Assert.Equal(Job.Conversation, conversation);
            Reads++;
            var first = Math.Min(before ?? int.MaxValue, turns + 1) - 1;
            var page = Enumerable.Range(0, Math.Min(limit, first)).Select(i => Turn(first - i)).ToList();
            TurnsRead += page.Count;
            return Task.FromResult<IReadOnlyList<Turn>>(page);
        }

        private Turn Turn(int number) => new()
        {
            JobId = $"job {number}",
            ConversationId = Job.ConversationId,
            Number = number,
            Message = $"q{number}",
            Fingerprint = "",
            AcceptedAt = Job.AcceptedAt,
            Status = this[number] is null ? JobStatus.Running : JobStatus.Completed,
            End = this[number] is { } content ? new TurnEnd { Status = JobStatus.Completed, Content = content, EndedAt = Job.AcceptedAt } : null,
        };
    }
}
