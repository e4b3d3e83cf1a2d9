using CloudIa.Models;
using CloudIa.Tests.Core;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Models;

public class DemoChatClientTests
{
    private readonly LeapingTime time = new(new FakeTimeProvider(), TimeSpan.FromSeconds(1));

    [Fact]
    public async Task The_demo_says_that_it_is_one_quotes_the_message_and_shows_how_to_add_a_model()
    {
        var answer = (await AnswerAsync(new ChatMessage(ChatRole.System, "s"), new ChatMessage(ChatRole.User, " Olá,\nIA! "))).Text;

        Assert.Contains("demo model", answer, StringComparison.Ordinal);
        Assert.Contains("> Olá, IA!", answer, StringComparison.Ordinal);
        Assert.Contains("OPENAI_API_KEY", answer, StringComparison.Ordinal);
        Assert.Contains("ANTHROPIC_API_KEY", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task The_demo_counts_the_conversations_turns(int earlier)
    {
        List<ChatMessage> prompt = [new(ChatRole.System, "s")];
        for (var i = 0; i < earlier; i++)
        {
            prompt.Add(new ChatMessage(ChatRole.User, "q"));
            prompt.Add(new ChatMessage(ChatRole.Assistant, "a"));
        }

        prompt.Add(new ChatMessage(ChatRole.User, "now"));
        Assert.Contains($"turn {earlier + 1} of", (await AnswerAsync([.. prompt])).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_streams_word_by_word_and_ends_as_a_provider_does()
    {
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in new DemoChatClient(time).GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "hi there")], null, TestContext.Current.CancellationToken))
        {
            updates.Add(update);
        }

        Assert.True(updates.Count > 20);
        Assert.All(updates.SkipLast(1), update => Assert.Null(update.FinishReason));
        Assert.Equal(ChatFinishReason.Stop, updates[^1].FinishReason);
        var usage = updates[^1].Contents.OfType<UsageContent>().Single().Details;
        Assert.Equal((2, updates.Count - 1), (usage.InputTokenCount, usage.OutputTokenCount));
    }

    [Fact]
    public async Task A_very_long_message_is_quoted_in_part()
    {
        var answer = (await AnswerAsync(new ChatMessage(ChatRole.User, new string('x', 30_000)))).Text;

        Assert.InRange(answer.Length, 200, 2_000);
        Assert.Contains("…", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quote_is_never_cut_inside_a_character()
    {
        var answer = (await AnswerAsync(new ChatMessage(ChatRole.User, "x" + string.Concat(Enumerable.Repeat("😀", 300))))).Text;

        Assert.DoesNotContain(System.Text.Rune.ReplacementChar, answer.EnumerateRunes());
    }

    [Fact]
    public async Task A_cancelled_answer_ends()
    {
        using var cancelled = new CancellationTokenSource();
        var updates = new DemoChatClient(new FakeTimeProvider()).GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "hi")], null, cancelled.Token).GetAsyncEnumerator(cancelled.Token);
        var next = updates.MoveNextAsync();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        await updates.DisposeAsync();
    }

    private Task<ChatResponse> AnswerAsync(params ChatMessage[] prompt) =>
        new DemoChatClient(time).GetResponseAsync(prompt, null, TestContext.Current.CancellationToken);
}
