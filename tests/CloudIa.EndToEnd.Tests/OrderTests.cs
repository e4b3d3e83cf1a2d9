using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Many senders at once: one linear history a conversation.</summary>
public abstract class OrderTests(Backend backend)
{
    private const int Tabs = 20;
    private const int Each = 10;

    [Fact]
    public async Task Twenty_sockets_posting_at_once_give_one_history_with_contiguous_turns_that_all_of_them_end_with()
    {
        var recorder = new HistoryRecorder();
        await using var model = await FaultyModel.Start(call =>
        {
            var reply = ModelReply.Words($"Answer to {call.Asked}");
            recorder.ModelCalled(call.Asked, reply.Text);
            return reply;
        });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var opening = await person.Post("opening");
        await person.End(opening.JobId, server.Tail);
        var sockets = await Task.WhenAll(Enumerable.Range(0, Tabs).Select(_ => PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail, Recorder = recorder, Owner = "owner" })));
        try
        {
            await Task.WhenAll(sockets.Select(async (socket, tab) =>
            {
                for (var count = 0; count < Each; count++)
                {
                    await socket.Chat($"tab {tab} message {count}", opening.ConversationId, clientId: $"{tab}-{count}");
                }
            }));

            var records = await Task.WhenAll(sockets.Select(Recorded));
            var pages = await Task.WhenAll(sockets.Select(_ => person.Messages(opening.ConversationId)));

            // What each of them heard is what each of them reads: every message once, in one order.
            Assert.All(records, record => Assert.Equal(records[0], record));
            Assert.All(pages, page => Assert.Equal(records[0], Said(page).Skip(1)));
            Assert.Equal(Enumerable.Range(2, Tabs * Each), records[0].Select(turn => turn.Turn));
            Assert.All(records[0], turn => Assert.Equal($"Answer to {turn.Asked}", turn.Answer));

            // Each sender's own messages stand in the order in which it sent them.
            Assert.All(Enumerable.Range(0, Tabs), tab => Assert.Equal(
                Enumerable.Range(0, Each).Select(count => $"tab {tab} message {count}"),
                records[0].Select(turn => turn.Asked).Where(asked => asked.StartsWith($"tab {tab} ", StringComparison.Ordinal))));
            Assert.Equal(Tabs * Each + 1, model.Calls.Count);
            Assert.Empty(Invariants.Check(await ReadBack(recorder, person, opening.ConversationId, pages[0])));
        }
        finally
        {
            foreach (var socket in sockets) await socket.DisposeAsync();
        }
    }

    [Fact]
    public async Task Each_prompt_holds_every_earlier_turn_in_the_order_in_which_it_is_stored()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"Answer to {call.Asked}"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var opening = await person.Post("opening");

        var receipts = await Task.WhenAll(
            Enumerable.Range(1, Tabs).Select(tab => person.Post($"tab {tab}", opening.ConversationId)));
        foreach (var receipt in receipts)
        {
            Assert.Equal(JobStatus.Completed, (await person.End(receipt.JobId, server.Tail)).Status);
        }

        var messages = await person.Messages(opening.ConversationId);
        var longest = model.Calls.MaxBy(call => call.Messages.Count)!;
        Assert.Equal(messages.SkipLast(1).Select(message => message.Content), longest.Messages.Select(message => message.Content));
        Assert.Equal(Tabs + 1, model.Calls.Count);
    }

    /// <summary>All that a socket heard of the tabs' messages, once it has heard all ends.</summary>
    private async Task<IReadOnlyList<(int Turn, string Job, string Asked, string Answer)>> Recorded(PlainSocket socket)
    {
        await Patience.Until(
            _ => Task.FromResult(socket.Events.OfType<MessageCompleted>().DistinctBy(end => end.JobId).Count() >= Tabs * Each ? socket : null),
            "all answers on a socket",
            () => $"It heard {socket.Events.OfType<MessageCompleted>().Count()}.",
            within: TimeSpan.FromMinutes(5),
            every: TimeSpan.FromMilliseconds(100));
        IEnumerable<Accepted> accepts = socket.Events.OfType<Accepted>();
        if (!backend.IsSure) accepts = accepts.DistinctBy(accepted => accepted.JobId);
        var asked = accepts.ToDictionary(accepted => accepted.JobId, accepted => accepted.Message!);
        IEnumerable<MessageCompleted> ends = socket.Events.OfType<MessageCompleted>();
        if (!backend.IsSure) ends = ends.DistinctBy(end => end.JobId).OrderBy(end => end.Turn);
        return [.. ends.Select(end => (end.Turn, end.JobId, asked[end.JobId], end.Content!))];
    }

    private static IEnumerable<(int Turn, string Job, string Asked, string Answer)> Said(IReadOnlyList<MessageView> page) => page
        .GroupBy(message => (message.Turn, message.JobId))
        .Select(turn => (
            turn.Key.Turn ?? 0,
            turn.Key.JobId,
            turn.Single(message => message.Role == MessageRole.User).Content,
            turn.Single(message => message.Role == MessageRole.Assistant).Content));

    private static async Task<ChatHistory> ReadBack(HistoryRecorder recorder, ApiClient person, string conversation, IReadOnlyList<MessageView> page)
    {
        var ends = new Dictionary<string, JobView>();
        foreach (var message in page.Where(message => message.Role == MessageRole.User))
        {
            recorder.Accepted(new Receipt("owner", message.JobId, conversation, message.Content));
            ends[message.JobId] = await person.Job(message.JobId);
        }

        return recorder.History(new Dictionary<string, string>(), ends, [new StoredConversation("owner", conversation, page)]);
    }
}
