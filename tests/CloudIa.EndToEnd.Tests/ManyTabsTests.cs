using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Several sockets of one owner are one person's tabs: what happens in one is seen in all.</summary>
public abstract class ManyTabsTests(Backend backend)
{
    private const int Tabs = 5;

    [Fact]
    public async Task A_message_sent_in_one_tab_appears_in_all_with_its_text_then_its_turn_and_its_answer()
    {
        await using var model = await FaultyModel.Start(call => ModelReply.Words($"An answer to «{call.Asked}»"));
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        var tabs = new List<PlainSocket>();
        try
        {
            for (var tab = 0; tab < Tabs; tab++) tabs.Add(await Open(server, person));
            tabs.Add(await Open(server, stranger));

            await tabs[0].Chat("First of all 🌍", clientId: "mine");
            var first = await tabs[0].Wait<Accepted>(_ => true, "the receipt");
            await tabs[3].Chat("And then?", first.ConversationId);
            var second = await tabs[0].Wait<Accepted>(accepted => accepted.JobId != first.JobId, "the other tab's message");

            var seen = await Task.WhenAll(tabs.Take(Tabs).Select(tab => Told(tab, [first.JobId, second.JobId])));

            Assert.All(seen, lines => Assert.Equal(seen[0], lines));
            Assert.Equal(
                [
                    "accepted First of all 🌍", "started turn 1", "text An answer to «First of all 🌍»", "completed turn 1",
                    "accepted And then?", "started turn 2", "text An answer to «And then?»", "completed turn 2",
                ],
                seen[0]);
            Assert.All(tabs.Take(Tabs), tab => Assert.Equal("mine", tab.Events.OfType<Accepted>().First().ClientId));
            Assert.Equal(["Connected"], tabs[Tabs].Events.Select(said => said.GetType().Name));
        }
        finally
        {
            foreach (var tab in tabs) await tab.DisposeAsync();
        }
    }

    private static Task<PlainSocket> Open(IInstallation server, ApiClient person) =>
        PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

    /// <summary>What a tab was told of these jobs, a job after the other, its deltas as one text.</summary>
    private async Task<IReadOnlyList<string>> Told(PlainSocket tab, IReadOnlyList<string> jobs)
    {
        foreach (var job in jobs) await tab.Wait<MessageCompleted>(end => end.JobId == job, "each answer's end");

        // Between machines the gateway's word may come after that of a worker that was fast.
        if (!backend.IsSure) foreach (var job in jobs) await tab.Wait<Accepted>(accepted => accepted.JobId == job, "each receipt");
        return
        [
            .. jobs.SelectMany(job => Lines(tab.Events.OfType<JobEvent>().Where(said => said.JobId == job).OrderBy(said => backend.IsSure || said is Accepted ? 0 : 1))),
        ];
    }

    private static IEnumerable<string> Lines(IEnumerable<JobEvent> events)
    {
        var text = "";
        foreach (var said in events)
        {
            text += (said as MessageDelta)?.Delta;
            switch (said)
            {
                case Accepted accepted:
                    yield return $"accepted {accepted.Message}";
                    break;
                case MessageStarted started:
                    yield return $"started turn {started.Turn}";
                    break;
                case MessageCompleted completed:
                    yield return $"text {text}";
                    yield return $"completed turn {completed.Turn}";
                    break;
            }
        }
    }
}
