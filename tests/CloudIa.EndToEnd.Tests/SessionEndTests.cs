using System.Net;
using System.Text.Json;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>Sessions that end while their sockets are open.</summary>
public abstract class SessionEndTests(Backend backend)
{
    /// <summary>Sessions of 25.2 s; the word of their end comes when half of that is left.</summary>
    private static readonly CloudiaSettings Short = new() { More = new Dictionary<string, string> { ["CLOUDIA__GATEWAY__SESSIONHOURS"] = "0.007" } };

    [Fact]
    public async Task A_session_is_warned_of_its_end_refreshed_on_the_open_socket_and_closed_where_nobody_refreshes_it()
    {
        await using var server = await backend.StartAsync(settings: Short);
        using var person = await ApiClient.WithSession(server.Address);
        using var stranger = await ApiClient.WithSession(server.Address);
        await using var kept = await PlainSocket.Open(server.Address, Of(person, server));
        await using var left = await PlainSocket.Open(server.Address, Of(person, server));

        var expiring = await kept.Wait<SessionExpiring>(_ => true, "the word that the session ends");
        Assert.Equal(kept.Hello.ExpiresAt, expiring.ExpiresAt);
        await kept.SendText(Refresh(stranger.Token!));
        Assert.Equal(ErrorCode.TokenInvalid, (await kept.Wait<ErrorEvent>(_ => true, "the stranger's token refused")).Code);
        var renewed = (await person.Send(HttpMethod.Post, "/sessions")).Read(ProtocolJson.Default.SessionView);
        Assert.Equal(kept.Hello.SessionId, renewed.SessionId);
        Assert.True(renewed.ExpiresAt > expiring.ExpiresAt, "The session was not renewed.");
        await kept.SendText(Refresh(renewed.Token));
        Assert.Equal(renewed.ExpiresAt, (await kept.Wait<SessionRefreshed>(_ => true, "the refresh")).ExpiresAt);

        // Again and again, so that it is not this one's end that a busy machine comes to.
        using var renewing = new ApiClient(server.Address, renewed.Token);
        var waiting = Patience.For(left.Closed, "the end of the session that nobody refreshed", server.Tail);
        while (await Task.WhenAny(waiting, Moment()) != waiting)
        {
            renewing.Token = (await renewing.Send(HttpMethod.Post, "/sessions")).Read(ProtocolJson.Default.SessionView).Token;
            await kept.SendText(Refresh(renewing.Token));
        }

        await waiting;
        Assert.Equal(CloseCode.SessionExpired, (int?)left.CloseStatus);
        Assert.False(kept.Closed.IsCompleted, "A refreshed socket was closed with the old token's end.");
        Assert.Equal(HttpStatusCode.Unauthorized, (await person.Send(HttpMethod.Post, "/sessions")).Status);
        await kept.SendText(Refresh(person.Token!));
        await kept.Wait<ErrorEvent>(error => error.Code == ErrorCode.TokenExpired, "the old token refused");
    }

    [Fact]
    public async Task A_session_that_ends_in_the_midst_of_an_answer_does_it_no_harm()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("One two three") with { GateAfter = 1, Gate = gate.Task });
        await using var server = await backend.StartAsync(model, Short);
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, Of(person, server));
        var accepted = await person.Post("Count");
        await socket.Wait<SessionExpiring>(_ => true, "the word that the session ends");

        // This socket goes on with the old token, to its end.
        var waiting = Patience.For(socket.Closed, "the end of the old token", server.Tail);
        do
        {
            person.Token = (await person.Send(HttpMethod.Post, "/sessions")).Read(ProtocolJson.Default.SessionView).Token;
        }
        while (await Task.WhenAny(waiting, Moment()) != waiting);
        await waiting;
        Assert.Equal(CloseCode.SessionExpired, (int?)socket.CloseStatus);
        gate.SetResult();
        var end = await person.End(accepted.JobId, server.Tail);
        Assert.Equal((JobStatus.Completed, "One two three"), (end.Status, end.Content));
        Assert.Equal(1, end.Attempt);
    }

    private static Task Moment() => Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);

    private static SocketOptions Of(ApiClient person, IInstallation server) => new() { Token = person.Token, ServerLog = server.Tail };

    private static string Refresh(string token) =>
        JsonSerializer.Serialize(new ClientFrame { Action = "refresh", Token = token }, ProtocolJson.Default.ClientFrame);
}
