using System.Net;
using System.Net.Http.Headers;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>How connections are counted, and how each ends.</summary>
public abstract class ConnectionLifeTests(Backend backend)
{
    /// <summary>Each gateway counts its own.</summary>
    [Fact]
    public async Task One_connection_too_many_is_refused_before_the_upgrade_and_one_that_ends_makes_room()
    {
        await using var server = await backend.StartAsync(settings: With(("MAXCONNECTIONSPEROWNER", "3")));
        using var person = await ApiClient.WithSession(server.Door);
        var accepted = await person.Post("Hello");
        await person.End(accepted.JobId, server.Tail);
        var sockets = new List<PlainSocket>();
        for (var i = 0; i < 3; i++)
        {
            sockets.Add(await PlainSocket.Open(server.Door, Of(person, server)));
        }

        Assert.Equal(429, await PlainSocket.Refusal(server.Door, Of(person, server)));
        var stream = await person.Get($"/chat/{accepted.JobId}/events");
        Assert.Equal(ErrorCode.TooManyConnections, stream.Problem().Code);
        Assert.Equal(HttpStatusCode.TooManyRequests, stream.Status);

        // Another owner has room of their own.
        using var other = await ApiClient.WithSession(server.Door);
        await using var others = await PlainSocket.Open(server.Door, Of(other, server));

        await sockets[0].DisposeAsync();
        await Patience.Until(
            async _ => (await person.Get($"/chat/{accepted.JobId}/events")).Status == HttpStatusCode.OK ? person : null, "room for a stream", server.Tail);
        foreach (var socket in sockets.Skip(1))
        {
            await socket.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_silent_socket_is_closed_as_idle_but_never_in_the_midst_of_an_answer()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("One two three") with { GateAfter = 1, Gate = gate.Task });
        await using var server = await backend.StartAsync(model, With(("HEARTBEATSECONDS", "1"), ("IDLESECONDS", "6")));
        using var waits = await ApiClient.WithSession(server.Address);
        await using var answered = await PlainSocket.Open(server.Address, Of(waits, server));
        var accepted = await waits.Post("Count");
        await answered.Wait<MessageDelta>(delta => delta.JobId == accepted.JobId, "the first word");
        using var silent = await ApiClient.WithSession(server.Address);
        await using var idle = await PlainSocket.Open(server.Address, Of(silent, server));

        await Patience.For(idle.Closed, "the idle socket's close", server.Tail);
        Assert.Equal(CloseCode.Idle, (int?)idle.CloseStatus);
        Assert.False(answered.Closed.IsCompleted, "A socket was closed in the midst of its answer.");
        gate.SetResult();
        await answered.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the answer's end");
        await Patience.For(answered.Closed, "the close of a socket that has heard its answer", server.Tail);
    }

    [Fact]
    public async Task SIGTERM_sends_clients_away_loses_no_accepted_message_and_ends_in_time()
    {
        var gate = new TaskCompletionSource();
        var text = string.Concat(Enumerable.Range(0, 500).Select(i => $"word{i} "));
        await using var model = await FaultyModel.Start(call => ModelReply.Words(text) with { GateAfter = 5, Gate = call.Number <= 5 ? gate.Task : null });
        await using var server = await backend.StartAsync(model, With() with { Concurrency = 5, ShortLeases = true });
        var people = new List<(ApiClient Client, ChatAccepted Job, PlainSocket Socket, SocketOptions Options)>();
        for (var i = 0; i < 5; i++)
        {
            var client = await ApiClient.WithSession(server.Address);
            var options = Of(client, server) with { Held = new HeldAnswers() };
            var socket = await PlainSocket.Open(server.Address, options);
            var job = await client.Post("Count");
            await socket.Wait<MessageDelta>(delta => delta.JobId == job.JobId, "the first words");
            people.Add((client, job, socket, options));
        }

        using var http = new HttpClient();
        using var ask = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, $"/chat/{people[0].Job.JobId}/events"));
        ask.Headers.Authorization = new AuthenticationHeaderValue("Bearer", people[0].Client.Token);
        using var stream = await http.SendAsync(ask, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        server.AskToStop();
        var said = await Patience.For(stream.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), "the stream's plain close", server.Tail);
        Assert.DoesNotContain("event: end", said, StringComparison.Ordinal);
        foreach (var (_, _, socket, _) in people)
        {
            await Patience.For(socket.Closed, "the word to move", server.Tail);
            Assert.Equal(CloseCode.GoingAway, (int?)socket.CloseStatus);
        }

        Assert.Equal(0, await server.Exit(TimeSpan.FromSeconds(25)));
        await server.StartAgain();
        foreach (var (client, job, _, options) in people)
        {
            await using var back = await PlainSocket.Open(server.Address, options);
            await back.Resume();
            await Patience.Until(_ => Task.FromResult(options.Held.HasEnded(job.JobId) ? back : null), "the whole answer", server.Tail);
            Assert.Equal(text, options.Held.Text(job.JobId));
            Assert.Equal(text, (await client.Job(job.JobId)).Content);
        }

        foreach (var (client, _, socket, _) in people)
        {
            await socket.DisposeAsync();
            client.Dispose();
        }
    }

    private static CloudiaSettings With(params (string Name, string Value)[] gateway) =>
        new() { More = gateway.ToDictionary(one => $"CLOUDIA__GATEWAY__{one.Name}", one => one.Value) };

    private static SocketOptions Of(ApiClient person, IInstallation server) => new() { Token = person.Token, ServerLog = server.Tail };
}
