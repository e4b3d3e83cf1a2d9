using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>What belongs to somebody else does not exist; a door opens only to whom it should.</summary>
public abstract class StrangersTests(ServedDemo served)
{
    private IInstallation Server => served.Server;

    [Theory]
    [InlineData("GET", "/chat/{job}")]
    [InlineData("DELETE", "/chat/{job}")]
    [InlineData("GET", "/chat/{job}/events")]
    [InlineData("GET", "/conversations/{conversation}")]
    [InlineData("GET", "/conversations/{conversation}/messages")]
    public async Task Anothers_job_or_conversation_answers_as_one_that_does_not_exist(string method, string path)
    {
        using var owner = await ApiClient.WithSession(Server.Address);
        using var stranger = await ApiClient.WithSession(Server.Address);
        var accepted = await owner.Post("Between us");
        await owner.End(accepted.JobId, Server.Tail);

        var theirs = await stranger.Send(new HttpMethod(method), Fill(accepted.JobId, accepted.ConversationId));
        var nobodys = await stranger.Send(new HttpMethod(method), Fill(Alike(accepted.JobId), Alike(accepted.ConversationId)));

        Assert.Equal(HttpStatusCode.NotFound, theirs.Status);
        Assert.Equal(HttpStatusCode.NotFound, nobodys.Status);
        var (one, other) = (theirs.Problem(), nobodys.Problem());
        Assert.Equal(other with { TraceId = "" }, one with { TraceId = "", Detail = Unnamed(one.Detail) });
        Assert.Equal(JobStatus.Completed, (await owner.Job(accepted.JobId)).Status);

        string Fill(string job, string conversation) =>
            path.Replace("{job}", job, StringComparison.Ordinal).Replace("{conversation}", conversation, StringComparison.Ordinal);

        string? Unnamed(string? detail) => detail?
            .Replace(accepted.JobId, Alike(accepted.JobId), StringComparison.Ordinal)
            .Replace(accepted.ConversationId, Alike(accepted.ConversationId), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_into_anothers_conversation_is_404_and_leaves_no_trace_there()
    {
        using var owner = await ApiClient.WithSession(Server.Address);
        using var stranger = await ApiClient.WithSession(Server.Address);
        var accepted = await owner.Post("Between us");
        await owner.End(accepted.JobId, Server.Tail);

        var reply = await stranger.TryPost("Let me in", accepted.ConversationId);

        Assert.Equal(HttpStatusCode.NotFound, reply.Status);
        Assert.Equal(ErrorCode.NotFound, reply.Problem().Code);
        Assert.Equal(2, (await owner.Messages(accepted.ConversationId)).Count);
    }

    [Fact]
    public async Task A_socket_hears_nothing_of_anothers_answers_not_even_when_it_asks()
    {
        using var owner = await ApiClient.WithSession(Server.Address);
        using var stranger = await ApiClient.WithSession(Server.Address);
        await using var socket = await PlainSocket.Open(
            Server.Address, new SocketOptions { Token = stranger.Token, ServerLog = Server.Tail });
        var accepted = await owner.Post("Between us");
        await socket.SendText($$"""{"action":"resume","jobs":[{"jobId":"{{accepted.JobId}}","attempt":0,"offset":0}]}""");
        await owner.End(accepted.JobId, Server.Tail);
        await socket.SendText($$"""{"action":"stop","jobId":"{{accepted.JobId}}"}""");
        await socket.SendText("""{"action":"ping"}""");
        await socket.Wait<Pong>(_ => true, "the pong");

        Assert.DoesNotContain(socket.Events, said => said is JobEvent);
        Assert.All(
            socket.Events.OfType<ErrorEvent>(),
            error => Assert.Equal(ErrorCode.NotFound, error.Code));
    }

    [Theory]
    [InlineData("forged")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbnlib2R5In0.")]
    [InlineData("")]
    public async Task A_token_that_was_not_signed_here_is_401(string token)
    {
        using var person = new ApiClient(Server.Address);

        var reply = await person.Send(
            HttpMethod.Get, "/conversations", headers: new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" });

        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        reply.Problem();
    }

    [Fact]
    public async Task A_token_with_one_letter_changed_is_401()
    {
        using var person = await ApiClient.WithSession(Server.Address);
        var token = person.Token!;
        var middle = token.Length / 2;
        person.Token = token[..middle] + (token[middle] == 'A' ? 'B' : 'A') + token[(middle + 1)..];

        var reply = await person.Get("/conversations");

        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        Assert.Equal(ErrorCode.TokenInvalid, reply.Problem().Code);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/models")]
    [InlineData("/conversations")]
    public async Task A_request_by_a_name_that_is_not_the_servers_is_a_problem(string path)
    {
        using var person = await ApiClient.WithSession(Server.Address);

        var reply = await person.Send(HttpMethod.Get, path, headers: new Dictionary<string, string> { ["Host"] = "evil.example" });

        Assert.Equal((400, ErrorCode.HostUnknown), (reply.Problem().Status, reply.Problem().Code));
    }

    [Theory]
    [InlineData("/ws")]
    [InlineData("/")]
    public async Task A_socket_by_a_name_that_is_not_the_servers_does_not_open(string path) =>
        Assert.Equal(400, await PlainSocket.Refusal(Server.Address, new SocketOptions { Path = path, Origin = "http://evil.example", Host = "evil.example" }));

    [Theory]
    [InlineData("/ws")]
    [InlineData("/")]
    public async Task A_socket_of_a_foreign_origin_is_403(string path)
    {
        var status = await PlainSocket.Refusal(
            Server.Address, new SocketOptions { Path = path, Origin = "https://evil.example" });

        Assert.Equal(403, status);
    }

    [Fact]
    public async Task A_socket_of_the_servers_own_origin_opens()
    {
        await using var socket = await PlainSocket.Open(
            Server.Address, new SocketOptions { Origin = Server.Address.GetLeftPart(UriPartial.Authority) });

        Assert.NotEmpty(socket.Hello.ConnectionId);
    }

    [Fact]
    public async Task A_ticket_opens_one_socket_of_its_owner_and_no_second()
    {
        using var person = await ApiClient.WithSession(Server.Address);
        var reply = await person.Send(HttpMethod.Post, "/ws/tickets");
        Assert.True(reply.Status == HttpStatusCode.Created, $"{reply}");
        var ticket = reply.Read(ProtocolJson.Default.TicketView).Ticket;
        var door = new SocketOptions { Path = $"/ws?ticket={Uri.EscapeDataString(ticket)}", ServerLog = Server.Tail };

        await using var socket = await PlainSocket.Open(Server.Address, door);
        var second = await PlainSocket.Refusal(Server.Address, door);

        Assert.Equal(401, second);
        Assert.Null(socket.Hello.SessionToken);
        var accepted = await person.Post("Hello");
        await socket.Wait<MessageCompleted>(end => end.JobId == accepted.JobId, "the owner's answer");
    }

    private static string Alike(string id) => id[..^1] + (id[^1] == '0' ? '1' : '0');
}
