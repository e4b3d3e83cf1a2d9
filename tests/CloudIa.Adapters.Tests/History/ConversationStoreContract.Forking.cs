using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: copies of conversations.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task A_fork_has_the_turns_up_to_one_with_their_current_answers_and_is_independent()
    {
        var source = await SourceAsync();
        var fork = Assert.IsType<ForkResult.Forked>(await ForkAsync(source, 2)).Conversation;

        Assert.Equal(("Mine", 2, "be a pirate", new ForkOrigin(source.ConversationId, 2)), (fork.Title, fork.Turns, fork.SystemPrompt, fork.ForkedFrom));
        Assert.Equal((Samples.Start.AddDays(1), Samples.Start.AddDays(1)), (fork.CreatedAt, fork.UpdatedAt));
        var key = new ConversationKey(owner, fork.ConversationId);
        Assert.Equal(fork, await store.FindConversationAsync(key, None));
        Assert.Equal([fork.ConversationId, source.ConversationId], (await store.ListAsync(owner, null, 10, None)).Select(listed => listed.ConversationId));
        var copied = await store.ReadTurnsAfterAsync(key, 0, 10, None);
        Assert.Equal([(1, "q1", "a1", 1, 1), (2, "q2", "a2 again", 1, 1)], copied.Select(turn => (turn.Number!.Value, turn.Message, turn.End!.Content, turn.Version, turn.Versions)));
        Assert.All(copied, turn => Assert.Equal(fork.ConversationId, turn.ConversationId));
        Assert.Equal(copied[0], await store.FindAsync(new JobKey(owner, copied[0].JobId), None));

        // Each goes its own way.
        await AnsweredAsync(Job(fork.ConversationId, "q3 of the fork"), "x");
        await RegenerateAsync(Job(fork.ConversationId, "q1"), Samples.Answer("a1 of the fork"));
        Assert.Equal(["a1", "a2 again", "a3"], (await store.ReadTurnsAfterAsync(source, 0, 10, None)).Select(turn => turn.End!.Content));
        Assert.Equal("be a pirate", (await store.BeginAsync(Job(fork.ConversationId), None) as BeginResult.Started)!.SystemPrompt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deleting_the_one_leaves_the_other(bool original)
    {
        var source = await SourceAsync();
        var fork = new ConversationKey(owner, ((ForkResult.Forked)await ForkAsync(source, 2)).Conversation.ConversationId);
        Assert.Equal(2, (await store.SearchAsync(owner, "again", null, 10, None)).Count);
        var (gone, kept) = original ? (source, fork) : (fork, source);
        await store.DeleteAsync(gone, Samples.Start, None);

        Assert.Empty(await store.ReadTurnsAsync(gone, null, 10, None));
        Assert.Equal(["a1", "a2 again"], (await store.ReadTurnsAfterAsync(kept, 0, 2, None)).Select(turn => turn.End!.Content));
        Assert.Equal([kept.ConversationId], await SearchAsync("again"));
        Assert.Equal([kept.ConversationId], await SearchAsync("mine q1"));
    }

    [Fact]
    public async Task A_fork_at_0_keeps_no_turn_and_begins_with_the_first()
    {
        var source = await SourceAsync();
        var fork = Assert.IsType<ForkResult.Forked>(await ForkAsync(source, 0)).Conversation;

        Assert.Equal((0, "Mine"), (fork.Turns, fork.Title));
        Assert.Equal(new BeginResult.Started(1, 1, SystemPrompt: "be a pirate"), await store.BeginAsync(Job(fork.ConversationId), None));
        Assert.Equal("Mine", (await store.FindConversationAsync(new ConversationKey(owner, fork.ConversationId), None))!.Title);
    }

    [Fact]
    public async Task What_has_not_ended_or_is_not_there_is_not_forked()
    {
        var source = await SourceAsync();
        Assert.Equal(new ForkResult.BeyondLast(3), await ForkAsync(source, 4));
        var running = Job(source.ConversationId);
        await store.BeginAsync(running, None);

        Assert.IsType<ForkResult.Busy>(await ForkAsync(source, 4));
        Assert.IsType<ForkResult.Forked>(await ForkAsync(source, 3));
        await store.FinishAsync(running.Key, 1, Samples.Answer(), None);
        Assert.IsType<ForkResult.Forked>(await ForkAsync(source, 4));
        Assert.IsType<ForkResult.NotFound>(await ForkAsync(source with { Owner = Samples.Owner() }, 0));
        await store.DeleteAsync(source, Samples.Start, None);
        Assert.IsType<ForkResult.NotFound>(await ForkAsync(source, 0));
    }

    /// <summary>More turns than the engine takes in one call or transaction.</summary>
    protected virtual int LongConversation => 2_000;

    [Fact]
    public async Task A_long_conversation_is_forked_whole()
    {
        var conversation = Samples.Conversation();
        await Parallel.ForEachAsync(Enumerable.Range(0, LongConversation), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var job = Job(conversation, $"q{i}");
            await store.BeginAsync(job, None);
            await store.FinishAsync(job.Key, 1, Samples.Answer($"a{i}"), None);
        });
        var fork = Assert.IsType<ForkResult.Forked>(await ForkAsync(new ConversationKey(owner, conversation), LongConversation)).Conversation;

        Assert.Equal(LongConversation, fork.Turns);
        var last = Assert.Single(await store.ReadTurnsAfterAsync(new ConversationKey(owner, fork.ConversationId), LongConversation - 1, 10, None));
        Assert.Equal(last.Message[1..], last.End!.Content[1..]);
        Assert.Equal(new BeginResult.Started(LongConversation + 1, 1), await store.BeginAsync(Job(fork.ConversationId), None));
    }

    /// <summary>Three turns, the second answered twice, with a given title and a system prompt.</summary>
    private async Task<ConversationKey> SourceAsync()
    {
        var first = await AnsweredAsync(Job(message: "q1") with { SystemPrompt = "be a pirate" }, "a1");
        var second = await AnsweredAsync(Job(first.ConversationId, "q2"), "a2");
        await AnsweredAsync(Job(first.ConversationId, "q3"), "a3");
        var again = Regeneration(second, 2);
        await store.BeginAsync(again, None);
        await store.FinishAsync(again.Key, 1, Samples.Answer("a2 again"), None);
        await store.ChangeAsync(first.Conversation, new ConversationChange("Mine", null), None);
        return first.Conversation;
    }

    private Task<ForkResult> ForkAsync(ConversationKey source, int turn) =>
        store.ForkAsync(source, turn, Samples.Conversation(), Samples.Start.AddDays(1), None);
}
