using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Queue;

namespace CloudIa.Adapters.Tests.History;

/// <summary>This part: what a search finds, and whose.</summary>
public abstract partial class ConversationStoreContract
{
    [Theory]
    [InlineData("Lisboa")]
    [InlineData("LISBOA")]
    [InlineData("coração")]
    [InlineData("CORACAO")]
    [InlineData("corac\u0327a\u0303o")]
    [InlineData("viagem coração lisboa")]
    [InlineData("lisb")]
    [InlineData("coração lis")]
    [InlineData("pastéis")]
    [InlineData("PASTEIS   de? \"nata\"!")]
    [InlineData("2025")]
    public async Task A_conversation_is_found_by_all_words_of_its_message_and_its_answer(string text)
    {
        var job = await AnsweredAsync(Job(message: "Viagem ao coração de Lisboa, 2025"), "Coma PASTÉIS de nata.");
        await AnsweredAsync(Job(message: "another"), "and its answer");

        Assert.Equal([job.ConversationId], await SearchAsync(text));
    }

    [Theory]
    [InlineData("viagem porto")]
    [InlineData("isboa")]
    [InlineData("lisb coração")]
    [InlineData("lisboas")]
    [InlineData("***")]
    [InlineData("\"")]
    [InlineData("'; DROP TABLE turns; --")]
    [InlineData("viagem OR porto")]
    [InlineData("viagem NOT porto")]
    [InlineData("NEAR(viagem porto)")]
    [InlineData("text : porto")]
    [InlineData("^ - + ( ) { } : * \\ \0")]
    [InlineData("\ud83d\ude00")]
    public async Task Words_that_are_not_all_there_find_nothing_and_nothing_is_an_operator(string text)
    {
        await AnsweredAsync(Job(message: "Viagem ao coração de Lisboa"), "Coma pastéis.");

        Assert.Empty(await SearchAsync(text));
    }

    [Theory]
    [InlineData("AND")]
    [InlineData("or")]
    [InlineData("NEAR")]
    [InlineData("NOT")]
    [InlineData("owner")]
    public async Task The_words_of_query_languages_are_words(string word)
    {
        await AnsweredAsync(Job(message: "something else"), "entirely");
        Assert.Empty(await SearchAsync(word));
        var job = await AnsweredAsync(Job(message: $"He said: {word}, twice."), "");

        Assert.Equal([job.ConversationId], await SearchAsync(word));
    }

    [Fact]
    public async Task The_words_may_stand_in_different_turns_and_in_the_title()
    {
        var first = await AnsweredAsync(Job(message: "apples"), "red");
        await AnsweredAsync(Job(first.ConversationId, "pears"), "green");
        await store.ChangeAsync(first.Conversation, new ConversationChange("Fruit", null), None);

        Assert.Equal([first.ConversationId], await SearchAsync("green fruit apples"));
        await store.ChangeAsync(first.Conversation, new ConversationChange("Kitchen", null), None);
        Assert.Empty(await SearchAsync("fruit"));
        Assert.Equal([first.ConversationId], await SearchAsync("kitchen"));
    }

    [Fact]
    public async Task A_title_given_while_the_first_message_waits_is_found()
    {
        var job = Job(message: "still waiting");
        await AcceptAsync(job);
        await store.ChangeAsync(job.Conversation, new ConversationChange("Mine", null), None);

        Assert.Equal([job.ConversationId], await SearchAsync("mine"));
    }

    [Fact]
    public async Task Nothing_of_another_owners_is_found_and_nothing_that_was_deleted()
    {
        var theirs = Samples.Job(message: "secret", owner: Samples.Owner());
        await AnsweredAsync(theirs, "secret");
        await store.ChangeAsync(theirs.Conversation, new ConversationChange("secret", null), None);
        Assert.Empty(await SearchAsync("secret"));
        var (kept, gone) = (await AnsweredAsync(Job(message: "secret"), "kept"), await AnsweredAsync(Job(message: "secret"), "gone"));
        await store.ChangeAsync(gone.Conversation, new ConversationChange("secret", null), None);
        await store.DeleteAsync(gone.Conversation, Samples.Start, None);

        Assert.Equal([kept.ConversationId], await SearchAsync("secret"));
        Assert.Empty(await SearchAsync("gone"));

        // What is written later takes no place of what was deleted.
        var later = await AnsweredAsync(Job(message: "later"), "later");
        Assert.Equal([later.ConversationId], await SearchAsync("later"));
        Assert.Equal([kept.ConversationId], await SearchAsync("secret"));
    }

    [Fact]
    public async Task What_is_found_comes_in_the_lists_order_and_page_by_page()
    {
        for (var i = 0; i < 5; i++)
        {
            await AnsweredAsync(Job(message: $"{i} found", at: Samples.Start.AddMinutes(i)), "x");
            await AnsweredAsync(Job(message: $"{i} other", at: Samples.Start.AddMinutes(i)), "x");
        }

        // One in which a newer message waits.
        var oldest = (await store.SearchAsync(owner, "0 found", null, 1, None))[0];
        await AcceptAsync(Job(oldest.ConversationId, at: Samples.Start.AddHours(1)));

        var titles = new List<string>();
        ListPlace? after = null;
        while (await store.SearchAsync(owner, "found", after, 2, None) is { Count: > 0 } page)
        {
            titles.AddRange(page.Select(conversation => conversation.Title));
            after = new ListPlace(page[^1].UpdatedAt, page[^1].ConversationId);
        }

        Assert.Equal(["0 found", "4 found", "3 found", "2 found", "1 found"], titles);
    }

    private async Task<JobMessage> AnsweredAsync(JobMessage job, string answer)
    {
        Assert.IsType<BeginResult.Started>(await store.BeginAsync(job, None));
        Assert.True(await store.FinishAsync(job.Key, 1, Samples.Answer(answer), None));
        return job;
    }

    private async Task<IEnumerable<string>> SearchAsync(string text) =>
        (await store.SearchAsync(owner, text, null, 10, None)).Select(conversation => conversation.ConversationId);
}
