using System.Net;
using System.Text.Json.Nodes;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A client of the first version knows a socket at /, {connectionId} first and {content} later.</summary>
public abstract class FirstVersionTests(Backend backend)
{
    [Fact]
    public async Task A_client_of_the_first_version_has_its_answer()
    {
        await using var server = await backend.StartAsync();
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Path = "/", ServerLog = server.Tail });
        var connectionId = (string?)JsonNode.Parse(socket.Frames[0])!["connectionId"];
        Assert.False(string.IsNullOrEmpty(connectionId));

        using var http = new ApiClient(server.Address);
        var reply = await http.PostBody(
            "/message",
            new JsonObject { ["content"] = "Olá, IA!", ["role"] = "user", ["connectionId"] = connectionId }.ToJsonString());

        Assert.True(reply.Status == HttpStatusCode.Accepted, $"{reply}");
        var accepted = reply.Read(ProtocolJson.Default.ChatAccepted);
        var completed = await socket.Wait<MessageCompleted>(_ => true, "the answer");
        Assert.Equal(accepted.JobId, completed.JobId);
        Assert.False(string.IsNullOrWhiteSpace(completed.Content));

        // Such a client takes the first frame with connectionId for the greeting and a frame with content for the answer.
        var frames = socket.Frames.Select(frame => JsonNode.Parse(frame)!.AsObject()).ToList();
        Assert.Single(frames, frame => frame.ContainsKey("connectionId"));
        Assert.Single(frames, frame => frame.ContainsKey("content"));
    }

    [Fact]
    public async Task A_connection_of_nobody_is_no_credential()
    {
        await using var server = await backend.StartAsync();
        using var http = new ApiClient(server.Address);

        var reply = await http.PostBody(
            "/message", """{"content":"hello","role":"user","connectionId":"00000000000000000000000000000000"}""");

        // Refused, or a session of its own; never somebody else's.
        if (reply.Status == HttpStatusCode.Accepted)
        {
            Assert.NotNull(reply.Read(ProtocolJson.Default.ChatAccepted).SessionToken);
        }
        else
        {
            reply.Problem();
        }
    }
}
