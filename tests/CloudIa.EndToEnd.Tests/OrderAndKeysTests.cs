using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Many posts at once: one job a key, one linear history a conversation.</summary>
public sealed class OrderAndKeysTests
{
    [Fact]
    public async Task Fifty_posts_at_once_with_one_key_are_one_job_one_message_and_one_model_call()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("Once"));
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });
        using var person = await ApiClient.WithSession(server.Address);

        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => person.Post("Only once", key: "the-key")));

        var job = Assert.Single(receipts.Select(receipt => receipt.JobId).Distinct());
        var conversation = Assert.Single(receipts.Select(receipt => receipt.ConversationId).Distinct());
        Assert.Equal(JobStatus.Completed, (await person.End(job, server.Tail)).Status);
        var again = await person.Post("Only once", key: "the-key");
        Assert.Equal(job, again.JobId);
        Assert.Equal(2, (await person.Messages(conversation)).Count);
        Assert.Single(model.Calls);
    }

    [Fact]
    public async Task Twenty_tabs_posting_at_once_give_one_history_with_contiguous_turns_and_nothing_lost()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"Answer to {call.Asked}"));
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });
        using var person = await ApiClient.WithSession(server.Address);
        var opening = await person.Post("opening");
        await person.End(opening.JobId, server.Tail);

        var receipts = await Task.WhenAll(
            Enumerable.Range(1, 20).Select(tab => person.Post($"tab {tab}", opening.ConversationId)));
        foreach (var receipt in receipts)
        {
            Assert.Equal(JobStatus.Completed, (await person.End(receipt.JobId, server.Tail)).Status);
        }

        var messages = await person.Messages(opening.ConversationId);
        var questions = messages.Where(message => message.Role == MessageRole.User).ToList();
        var answers = messages.Where(message => message.Role == MessageRole.Assistant).ToList();
        Assert.Equal(Enumerable.Range(1, 21), questions.Select(message => message.Turn ?? 0));
        Assert.Equal(questions.Select(message => $"Answer to {message.Content}"), answers.Select(message => message.Content));
        Assert.Equal(21, questions.Select(message => message.Content).Distinct().Count());

        // One after the other: each prompt holds every earlier turn in the order in which it is stored.
        var longest = model.Calls.MaxBy(call => call.Messages.Count)!;
        Assert.Equal(messages.SkipLast(1).Select(message => message.Content), longest.Messages.Select(message => message.Content));
        Assert.Equal(21, model.Calls.Count);
    }
}
