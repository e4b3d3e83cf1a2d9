using CloudIa.Client;
using CloudIa.Client.Answers;
using CloudIa.Client.Live;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Cutting;

/// <summary>The same cuts under the client library, which comes back by itself.</summary>
/// <param name="backend">What it runs on.</param>
/// <param name="histories">How many.</param>
public abstract class LibraryCutTests(Backend backend, int histories)
{
    private const int AtOnce = 8;
    private const int Seed = 20_251;

    private static readonly LiveOptions Hasty = new()
    {
        Backoff = new Backoff(TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(20)),
    };

    [Fact]
    public async Task The_client_library_shows_the_stored_text_whatever_is_cut_and_no_part_twice()
    {
        await using var model = await FaultyModel.Start(call => RandomReply.Draw(
            new Random(Seed + call.Number), $"call {call.Number}:", mayBreak: call.Number % 9 == 0));
        await using var server = await backend.StartAsync(model, new CloudiaSettings { Concurrency = 2 * AtOnce, MaxAttempts = 1_000 });
        var cuts = 0;

        await Parallel.ForEachAsync(
            Enumerable.Range(1, histories),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken },
            async (number, _) => Interlocked.Add(ref cuts, await Read(number, server)));

        Assert.True(cuts >= histories / 2, $"Only {cuts} cuts.");
    }

    private static async Task<int> Read(int number, IInstallation server)
    {
        using var person = await ApiClient.WithSession(server.Address);
        var connections = 0;
        await using var way = new CuttingProxy(server.Address.Port, () =>
        {
            var place = Interlocked.Increment(ref connections);
            return place > 8 ? Cut.Never : Cut.Draw(new Random(Seed + (number * 100) + place));
        });
        var accepted = await person.Post($"history {number}");
        var connection = new LiveConnection(new Uri(way.Address, "/"), () => person.Token, Hasty);
        var answer = connection.Follow(new Answer(accepted.JobId, accepted.ConversationId));

        var shown = answer.Held;
        using var done = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        done.CancelAfter(Patience.Usual * 2);
        await foreach (var notice in connection.RunAsync(done.Token))
        {
            if (notice is not AnswerChanged changed || changed.Answer != answer) continue;
            var now = answer.Held;

            // Within an attempt what is shown only grows, at its end.
            Assert.True(now.Position.Attempt >= shown.Position.Attempt, $"From {shown.Position} back to {now.Position}.");
            if (now.Position.Attempt == shown.Position.Attempt) Assert.StartsWith(shown.Text, now.Text, StringComparison.Ordinal);
            shown = now;
            if (answer.State.Status.IsEnd()) break;
        }

        var stored = await person.Job(accepted.JobId);
        Assert.Equal((JobStatus.Completed, JobStatus.Completed), (stored.Status, answer.State.Status));
        Assert.Equal(stored.Content, answer.Text);
        Assert.Equal(stored.Content, (await person.Messages(accepted.ConversationId))[1].Content);
        return way.Cuts;
    }
}
