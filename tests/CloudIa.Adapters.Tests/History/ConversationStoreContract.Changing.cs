using CloudIa.Core.Conversations;
using CloudIa.Core.History;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: titles, system prompts and deletion.</summary>
public abstract partial class ConversationStoreContract
{
    [Fact]
    public async Task A_change_changes_what_it_names_and_leaves_the_rest()
    {
        var job = Job(message: "the first") with { SystemPrompt = "be a pirate" };
        await store.BeginAsync(job, None);
        var before = (await store.FindConversationAsync(job.Conversation, None))!;
        Assert.Equal(("the first", "be a pirate"), (before.Title, before.SystemPrompt));

        Assert.Equal(before with { Title = "Ships" }, await store.ChangeAsync(job.Conversation, new ConversationChange("Ships", null), None));
        Assert.Equal(before with { Title = "Ships", SystemPrompt = "be a cook" }, await store.ChangeAsync(job.Conversation, new ConversationChange(null, "be a cook"), None));
        var back = await store.ChangeAsync(job.Conversation, new ConversationChange(null, ""), None);
        Assert.Equal(before with { Title = "Ships", SystemPrompt = null }, back);
        Assert.Equal(back, await store.FindConversationAsync(job.Conversation, None));
        Assert.Equal(back, Assert.Single(await store.ListAsync(owner, null, 10, None)));
    }

    [Fact]
    public async Task A_begin_brings_the_conversations_system_prompt_at_every_attempt()
    {
        var job = Job() with { SystemPrompt = "be a pirate" };
        Assert.Equal(new BeginResult.Started(1, 1, SystemPrompt: "be a pirate"), await store.BeginAsync(job, None));
        Assert.Equal(new BeginResult.Started(1, 2, SystemPrompt: "be a pirate"), await store.BeginAsync(job, None));

        await store.ChangeAsync(job.Conversation, new ConversationChange(null, "be a cook"), None);
        Assert.Equal(new BeginResult.Started(2, 1, SystemPrompt: "be a cook"), await store.BeginAsync(Job(job.ConversationId), None));
        Assert.Equal(new BeginResult.Started(1, 3, SystemPrompt: "be a cook"), await store.BeginAsync(job, None));
        await store.ChangeAsync(job.Conversation, new ConversationChange(null, ""), None);
        Assert.Equal(new BeginResult.Started(1, 4), await store.BeginAsync(job, None));
    }

    [Fact]
    public async Task Only_the_message_that_begins_a_conversation_brings_a_system_prompt()
    {
        var first = Job();
        await store.BeginAsync(first, None);

        Assert.Equal(new BeginResult.Started(2, 1), await store.BeginAsync(Job(first.ConversationId) with { SystemPrompt = "too late" }, None));
        Assert.Null((await store.FindConversationAsync(first.Conversation, None))!.SystemPrompt);
    }

    [Fact]
    public async Task A_conversation_whose_first_message_waits_can_be_changed_and_the_begin_keeps_it()
    {
        var job = Job(message: "still waiting") with { SystemPrompt = "be a pirate" };
        await AcceptAsync(job);
        Assert.Equal("be a pirate", (await store.FindConversationAsync(job.Conversation, None))!.SystemPrompt);
        var changed = (await store.ChangeAsync(job.Conversation, new ConversationChange("Mine", null), None))!;
        Assert.Equal(("Mine", "be a pirate", 0, job.AcceptedAt), (changed.Title, changed.SystemPrompt, changed.Turns, changed.CreatedAt));
        Assert.Equal(changed, Assert.Single(await store.ListAsync(owner, null, 10, None)));
        Assert.Single(await store.ReadPendingAsync(job.Conversation, 10, None));

        Assert.Equal(new BeginResult.Started(1, 1, SystemPrompt: "be a pirate"), await store.BeginAsync(job, None));
        Assert.Equal(changed with { Turns = 1 }, await store.FindConversationAsync(job.Conversation, None));
    }

    [Fact]
    public async Task What_is_not_the_owners_is_neither_changed_nor_deleted()
    {
        var job = Job(message: "mine");
        await store.BeginAsync(job, None);
        var theirs = job.Conversation with { Owner = Samples.Owner() };

        Assert.Null(await store.ChangeAsync(theirs, new ConversationChange("theirs", "theirs"), None));
        Assert.Null(await store.DeleteAsync(theirs, Samples.Start, None));
        Assert.Null(await store.ChangeAsync(new ConversationKey(owner, Samples.Conversation()), new ConversationChange("none", null), None));
        Assert.Null(await store.DeleteAsync(new ConversationKey(owner, Samples.Conversation()), Samples.Start, None));
        Assert.False(await store.WasDeletedAsync(theirs, None));
        Assert.Equal("mine", (await store.FindConversationAsync(job.Conversation, None))!.Title);
        Assert.Equal(new BeginResult.Started(1, 1), await store.BeginAsync(job with { Owner = theirs.Owner }, None));
    }

    [Fact]
    public async Task A_deleted_conversation_is_gone_with_everything_in_it()
    {
        var (ended, running, waiting) = (Job(), Job(), Job());
        running = running with { ConversationId = ended.ConversationId };
        waiting = waiting with { ConversationId = ended.ConversationId };
        await store.BeginAsync(ended, None);
        await store.FinishAsync(ended.Key, 1, Samples.Answer(), None);
        await AcceptAsync(running);
        await store.BeginAsync(running, None);
        await AcceptAsync(waiting);
        var other = Job(message: "another conversation");
        await store.BeginAsync(other, None);

        var unfinished = await store.DeleteAsync(ended.Conversation, Samples.Start, None);

        Assert.Equal([running.JobId, waiting.JobId], unfinished!.Select(turn => turn.JobId));
        Assert.True(await store.WasDeletedAsync(ended.Conversation, None));
        Assert.Null(await store.FindConversationAsync(ended.Conversation, None));
        Assert.Empty(await store.ReadTurnsAsync(ended.Conversation, null, 10, None));
        Assert.Empty(await store.ReadPendingAsync(ended.Conversation, 10, None));
        foreach (var job in new[] { ended, running, waiting })
        {
            Assert.Null(await store.FindAsync(job.Key, None));
            Assert.Null(await store.RequestStopAsync(job.Key, Samples.Start, None));
        }

        Assert.Null(await store.ChangeAsync(ended.Conversation, new ConversationChange("back?", null), None));
        Assert.Null(await store.DeleteAsync(ended.Conversation, Samples.Start, None));
        Assert.Equal(other.ConversationId, Assert.Single(await store.ListAsync(owner, null, 10, None)).ConversationId);
        Assert.False(await store.WasDeletedAsync(other.Conversation, None));
    }

    [Fact]
    public async Task Nothing_brings_a_deleted_conversation_back()
    {
        var (running, waiting) = (Job(), Job());
        waiting = waiting with { ConversationId = running.ConversationId };
        await store.BeginAsync(running, None);
        await AcceptAsync(waiting);
        await store.DeleteAsync(running.Conversation, Samples.Start, None);
        store = await ReopenAsync();

        Assert.False(await store.FinishAsync(running.Key, 1, Samples.Answer(), None));
        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(running, None));
        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(waiting, None));

        // One that was on its way into the queue meanwhile.
        var late = Job(running.ConversationId);
        await AcceptAsync(late);
        Assert.Null(await store.FindAsync(late.Key, None));
        Assert.Null(await store.RequestStopAsync(late.Key, Samples.Start, None));
        Assert.Empty(await store.ReadPendingAsync(late.Conversation, 10, None));
        Assert.Null(await store.FindConversationAsync(late.Conversation, None));
        Assert.Empty(await store.ListAsync(owner, null, 10, None));
        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(late, None));
    }

    [Fact]
    public async Task A_conversation_whose_first_message_waits_can_be_deleted()
    {
        var job = Job();
        await AcceptAsync(job);

        Assert.Equal(job.JobId, Assert.Single((await store.DeleteAsync(job.Conversation, Samples.Start, None))!).JobId);
        Assert.IsType<BeginResult.Deleted>(await store.BeginAsync(job, None));
        Assert.Empty(await store.ListAsync(owner, null, 10, None));
    }

    [Fact]
    public async Task A_deletion_and_a_finish_at_once_leave_nothing_behind()
    {
        for (var i = 0; i < 30; i++)
        {
            var job = Job();
            await store.BeginAsync(job, None);
            var finish = store.FinishAsync(job.Key, 1, Samples.Answer(), None);
            var unfinished = await store.DeleteAsync(job.Conversation, Samples.Start, None);

            // Whoever was first: either the end was stored and then deleted, or it was refused.
            Assert.Equal(await finish ? 0 : 1, unfinished!.Count);
            Assert.Null(await store.FindAsync(job.Key, None));
        }
    }
}
