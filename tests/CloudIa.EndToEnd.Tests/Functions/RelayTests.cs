using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;
using CloudIa.TestEngines;

namespace CloudIa.EndToEnd.Tests.Functions;

/// <summary>Sockets that API Gateway holds, by Architect's sandbox: frames come to the function, answers from a worker's courier.</summary>
public sealed class RelayTests(Engines engines, ITestOutputHelper output)
{
    private const string Said = "One two three four ";
    private const string Rest = "five six seven";

    [Fact]
    public async Task A_client_of_another_make_posts_and_reads_its_answer()
    {
        var text = string.Join(' ', Enumerable.Range(1, 60));
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(text) with { Pace = TimeSpan.FromMilliseconds(15) });
        await using var stage = await RelayStage.StartAsync(engines, model);
        using var person = await ApiClient.WithSession(stage.Sandbox.Address);

        using var client = ChildProcess.Start("ws", "node", [ToolFolder.File("..", "socket", "chat.js"), stage.Sandbox.Sockets.ToString(), person.Token!, "Olá"], []);
        Assert.True(await client.Exit(TimeSpan.FromSeconds(150)) == 0, client.Tail() + stage.Tail());
        var events = client.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => System.Text.Json.JsonSerializer.Deserialize(line, ProtocolJson.Default.ServerEvent)!).ToList();
        Assert.Contains(Assert.Single(events.OfType<Connected>()).SessionId!, person.Token, StringComparison.Ordinal);
        var accepted = Assert.Single(events.OfType<Accepted>());
        Assert.Equal(("mine", "Olá"), (accepted.ClientId, accepted.Message));
        Assert.Equal(text, string.Concat(events.OfType<MessageDelta>().Select(delta => delta.Delta)));
        Assert.Equal(text, Assert.Single(events.OfType<MessageCompleted>()).Content);
        Assert.Equal((accepted.JobId, JobStatus.Completed), await person.Job(accepted.JobId) is var job ? (job.JobId, job.Status) : default);
        output.WriteLine($"a turn of 60 chunks in about a second: {events.Count - 2} frames beside connected and pong, {stage.Post.Posts} posts in all");
    }

    [Fact]
    public async Task Both_kinds_of_sockets_of_an_owner_hear_the_same_and_the_answer_is_stopped_from_here()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest) with { GateAfter = 4, Gate = gate.Task });
        await using var stage = await RelayStage.StartAsync(engines, model);
        var gateway = await stage.AddAsync("gateway");
        await using var here = await stage.OpenAsync();
        await using var there = await PlainSocket.Open(gateway.Address, new SocketOptions { Token = here.Hello.SessionToken });

        await there.Chat("said there");
        var accepted = await here.Wait<Accepted>(one => one.Message == "said there", "what was said there");
        await here.Wait<MessageDelta>(_ => true, "the first delta");
        await here.SendText($$"""{"action":"stop","jobId":"{{accepted.JobId}}"}""");
        var stopped = await here.Wait<MessageStopped>(_ => true, "the stop");
        Assert.Equal(stopped.Content, (await there.Wait<MessageStopped>(_ => true, "the stop there")).Content);
        Assert.StartsWith(stopped.Content!, Said, StringComparison.Ordinal);

        await here.Chat("said here", accepted.ConversationId);
        Assert.Equal("said here", (await there.Wait<Accepted>(one => one.Message == "said here", "what was said here")).Message);
        gate.SetResult();
        Assert.Equal(Said + Rest, (await here.Wait<MessageCompleted>(_ => true, "the second answer")).Content);
        Assert.Equal(Said + Rest, (await there.Wait<MessageCompleted>(_ => true, "the second answer there")).Content);
    }

    [Fact]
    public async Task Who_comes_back_with_positions_has_the_whole_text()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest) with { GateAfter = 4, Gate = gate.Task });
        await using var stage = await RelayStage.StartAsync(engines, model);
        var held = new HeldAnswers();
        string token, jobId;
        await using (var first = await stage.OpenAsync(held: held))
        {
            token = first.Hello.SessionToken!;
            await first.Chat("Erzähl");
            jobId = (await first.Wait<Accepted>(_ => true, "its receipt")).JobId;
            await first.Wait<MessageDelta>(_ => true, "the first delta");
        }

        await using var second = await stage.OpenAsync(token, held);
        await second.Resume();
        gate.SetResult();
        await second.Wait<MessageCompleted>(end => end.JobId == jobId, "the end");
        Assert.Equal(Said + Rest, held.Text(jobId));
        Assert.Empty(second.Events.OfType<MessageRestarted>());

        // And once it has ended.
        await using var third = await stage.OpenAsync(token);
        await third.SendText($$"""{"action":"resume","jobs":[{"jobId":"{{jobId}}","attempt":0,"offset":0}]}""");
        Assert.Equal(Said + Rest, (await third.Wait<MessageCompleted>(_ => true, "the end")).Content);
    }

    [Fact]
    public async Task A_long_answer_comes_in_messages_that_fit()
    {
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(number => $"{number} "));
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(text));
        await using var stage = await RelayStage.StartAsync(engines, model);
        var held = new HeldAnswers();
        await using var socket = await stage.OpenAsync(held: held);
        await socket.Chat("at length");
        var end = await socket.Wait<MessageCompleted>(_ => true, "the end", within: TimeSpan.FromMinutes(2));
        Assert.Equal((null, text), (end.Content, held.Text(end.JobId)));
        Assert.All(socket.Frames, frame => Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(frame), 1, 128 * 1024));
        output.WriteLine($"{text.Length} characters in {socket.Frames.Count} frames");

        await using var again = await stage.OpenAsync(socket.Hello.SessionToken, new HeldAnswers());
        await again.SendText($$"""{"action":"resume","jobs":[{"jobId":"{{end.JobId}}","attempt":1,"offset":17}]}""");
        await again.Wait<MessageCompleted>(_ => true, "the end again");
        Assert.Equal(text, string.Concat(again.Events.OfType<MessageDelta>().Select(delta => delta.Delta)));
    }

    [Fact]
    public async Task A_couriers_death_sends_its_clients_back_and_they_lose_nothing()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest) with { GateAfter = 4, Gate = gate.Task });
        await using var stage = await RelayStage.StartAsync(engines, model, leaseSeconds: "8", courierDeadSeconds: "4");
        var held = new HeldAnswers();
        await using var first = await stage.OpenAsync(held: held);
        await first.Chat("Erzähl");
        var jobId = (await first.Wait<Accepted>(_ => true, "its receipt")).JobId;
        await first.Wait<MessageDelta>(_ => true, "the first delta");

        // The one that lives on cuts the socket, and answers what the dead one did not.
        await stage.AddAsync("worker");
        stage.Workers[0].KillNine();
        await Patience.For(first.Closed, "the socket to be cut", stage.Tail);
        gate.SetResult();
        await using var second = await stage.OpenAsync(first.Hello.SessionToken, held);
        await second.Resume();
        await second.Wait<MessageCompleted>(end => end.JobId == jobId, "the end", within: TimeSpan.FromMinutes(2));
        Assert.Equal(Said + Rest, held.Text(jobId));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    public async Task While_at_connections_is_in_trouble_nothing_is_lost(int status)
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest));
        await using var stage = await RelayStage.StartAsync(engines, model);
        var held = new HeldAnswers();
        await using var socket = await stage.OpenAsync(held: held);
        var before = stage.Post.Posts;
        stage.Post.Trouble = number => number - before is > 0 and <= 5 ? status : null;
        await socket.Chat("in trouble");
        var end = await socket.Wait<MessageCompleted>(_ => true, "the end");
        Assert.Equal((Said + Rest, Said + Rest), (end.Content, held.Text(end.JobId)));
        Assert.True(stage.Post.Posts - before > 5, "There was no trouble.");
    }

    [Fact]
    public async Task A_connection_that_is_gone_is_forgotten_and_its_job_completes()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said + Rest));
        await using var stage = await RelayStage.StartAsync(engines, model);
        await using var socket = await stage.OpenAsync();
        await Patience.For(Task.Delay(TimeSpan.FromSeconds(6), TimeProvider.System, TestContext.Current.CancellationToken), "its handshake to be long ago", stage.Tail);
        stage.Post.Trouble = _ => 410;
        using var person = new ApiClient(stage.Sandbox.Address, socket.Hello.SessionToken);
        var before = stage.Post.Posts;
        var accepted = await person.Post("to nobody");
        await Patience.Until<object>(_ => Task.FromResult<object?>(stage.Post.Posts > before ? stage : null), "a post that is told so", stage.Tail);
        Assert.Equal((JobStatus.Completed, Said + Rest), await person.End(accepted.JobId, stage.Tail) is var job ? (job.Status, job.Content) : default);

        // It is given up with the first post that says so, and its next frame finds nobody: the client is to come back.
        stage.Post.Trouble = _ => null;
        await socket.SendText("""{"action":"ping"}""");
        await Patience.For(socket.Closed, "the socket to be cut", stage.Tail);
        Assert.Empty(socket.Events.OfType<MessageDelta>());
    }

    [Fact]
    public async Task Frames_are_answered_and_strangers_are_not_let_in()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Words(Said));
        await using var stage = await RelayStage.StartAsync(engines, model);
        await using var socket = await stage.OpenAsync();
        await socket.SendText("""{"action":"ping"}""");
        await socket.Wait<Pong>(_ => true, "the pong");
        await socket.SendText("""{"action":"dance"}""");
        await socket.Wait<ErrorEvent>(error => error.Code == ErrorCode.ActionUnknown, "the error");
        await socket.SendText("no JSON");
        await socket.Wait<ErrorEvent>(error => error.Code == ErrorCode.InvalidJson, "the error");
        await socket.SendText($$"""{"action":"refresh","token":"{{socket.Hello.SessionToken}}"}""");
        await socket.Wait<SessionRefreshed>(_ => true, "the refresh");

        Assert.Equal(401, await PlainSocket.Refusal(stage.Sandbox.Address, new SocketOptions { Path = "/", Token = "v1.nobody.9999999999.AAAA" }));
        Assert.Equal(403, await PlainSocket.Refusal(stage.Sandbox.Address, new SocketOptions { Path = "/", Origin = "https://evil.example" }));

        // What API Gateway says of its sockets no client can say.
        using var person = new ApiClient(stage.Sandbox.Address, socket.Hello.SessionToken);
        foreach (var path in new[] { "/relay/connect", "/relay/frames", "/relay/disconnect" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await person.PostBody(path, """{"action":"ping"}""")).Status);
        }
    }
}
