using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Clients that do not read, all in the memory of one process, with nothing before it that would read for them.</summary>
public abstract class StalledReaderTests(Backend backend)
{
    private const int People = 6;
    private const int StalledEach = 19;

    // A server that kept the text and its JSON for each of them would grow by more than 3 MB a client, 350 MB in all. What
    // is honest is 64 KiB a client; the rest is room for what answers this long leave to the garbage collector.
    private const long Growth = 160L * 1024 * 1024;

    [Fact]
    public async Task Clients_that_stop_reading_are_cut_off_cost_little_and_resume_to_the_same_text()
    {
        var text = LongText.Text();
        await using var model = await FaultyModel.Start(_ => new ModelReply { Pieces = LongText.Pieces(text) });
        await using var server = await backend.StartAsync(model, Settings);
        var people = new List<ApiClient>();
        var readers = new Dictionary<ApiClient, PlainSocket>();
        var stalled = new List<(ApiClient Person, StalledSocket Socket, HeldAnswers Held)>();
        var jobs = new Dictionary<ApiClient, ChatAccepted>();
        try
        {
            for (var i = 0; i < People; i++)
            {
                var person = await ApiClient.WithSession(server.Address);
                people.Add(person);
                readers[person] = await Open(server.Address, person, new HeldAnswers());
            }

            // What the answers themselves take, and code that had not run.
            await Answer();
            var before = server.ResidentBytes();
            foreach (var person in people)
            {
                for (var j = 0; j < StalledEach; j++)
                {
                    stalled.Add((person, await StalledSocket.Open(server.Door, person.Token!), new HeldAnswers()));
                }
            }

            // Who reads is served while the others stall.
            await Answer();
            var growth = server.ResidentBytes() - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{stalled.Count} stalled readers, {growth / 1024 / 1024} MiB more");
            Assert.True(growth < Growth, $"The server grew by {growth / 1024 / 1024} MiB for {stalled.Count} clients that do not read.");

            // All of them are cut off: then there is room for as many again.
            foreach (var person in people)
            {
                var places = new List<PlainSocket>();
                while (places.Count < StalledEach) places.Add(await Open(server.Door, person, new HeldAnswers()));
                foreach (var place in places) await place.DisposeAsync();
            }

            foreach (var (person, socket, held) in stalled)
            {
                held.Expect(jobs[person].JobId);
                await Patience.For(socket.ReadToEnd(held), "a stalled client's end", server.Tail);
                var shown = held.Text(jobs[person].JobId);
                Assert.False(held.HasEnded(jobs[person].JobId), "A client that read nothing was sent a megabyte.");
                Assert.StartsWith(shown, text, StringComparison.Ordinal);
            }

            foreach (var (person, _, held) in stalled.DistinctBy(one => one.Person))
            {
                await readers[person].DisposeAsync();
                readers[person] = await Open(server.Address, person, held);
                await readers[person].Resume();
                await End(person, jobs[person].JobId, held);
                Assert.Equal(text, held.Text(jobs[person].JobId));
            }
        }
        finally
        {
            stalled.ForEach(one => one.Socket.Dispose());
            foreach (var reader in readers.Values) await reader.DisposeAsync();
            people.ForEach(person => person.Dispose());
        }

        async Task Answer()
        {
            foreach (var person in people)
            {
                jobs[person] = await person.Post("Tell me everything");
            }

            foreach (var (person, job) in jobs)
            {
                var held = new HeldAnswers();
                held.Expect(job.JobId);
                Assert.Equal(text, (await End(person, job.JobId, held)).Content);
            }
        }

        // On a busy machine who reads may be slow, too, and comes back as any client does.
        async Task<MessageCompleted> End(ApiClient person, string job, HeldAnswers held)
        {
            for (var cuts = 0; ; cuts++)
            {
                try
                {
                    return await readers[person].Wait<MessageCompleted>(end => end.JobId == job, "the answer's end", within: TimeSpan.FromMinutes(5));
                }
                catch (InvalidOperationException) when (cuts < 20 && readers[person].Closed.IsCompleted)
                {
                    await readers[person].DisposeAsync();
                    readers[person] = await Open(server.Address, person, held);
                    await readers[person].Resume();
                }
            }
        }

        Task<PlainSocket> Open(Uri at, ApiClient person, HeldAnswers held) => Patience.Until<PlainSocket>(
            async _ =>
            {
                try
                {
                    return await PlainSocket.Open(at, new SocketOptions { Token = person.Token, Held = held, ServerLog = server.Tail });
                }
                catch (Exception error) when (error is System.Net.WebSockets.WebSocketException or InvalidOperationException)
                {
                    return null;
                }
            },
            "a place for a socket",
            server.Tail);
    }

    private static CloudiaSettings Settings => new()
    {
        Concurrency = People,
        More = new Dictionary<string, string> { ["CLOUDIA__GATEWAY__SLOWREADERSECONDS"] = "2" },
    };
}
