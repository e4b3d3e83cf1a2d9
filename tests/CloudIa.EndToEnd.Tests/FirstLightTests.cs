using System.Net;
using System.Text;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>One command, no key, no header: a conversation.</summary>
public abstract class FirstLightTests(Backend backend)
{
    [Fact]
    public async Task The_curl_line_of_the_readme_has_a_receipt_and_an_answer()
    {
        await using var server = await backend.StartAsync();
        using var curl = new ApiClient(server.Address);

        // What curl -d sends: a form's content type that holds JSON, and no credentials.
        using var body = new StringContent("{\"message\": \"Olá, IA!\"}", Encoding.UTF8, "application/x-www-form-urlencoded");
        var reply = await curl.Send(HttpMethod.Post, "/chat", body);

        Assert.True(reply.Status == HttpStatusCode.Accepted, $"{reply}");
        Assert.Equal("application/json", reply.ContentType);
        var accepted = reply.Read(ProtocolJson.Default.ChatAccepted);
        Assert.NotEmpty(accepted.JobId);
        Assert.NotEmpty(accepted.ConversationId);
        Assert.NotEmpty(accepted.SessionId);
        Assert.NotEmpty(accepted.TraceId);
        Assert.Equal(JobStatus.Queued, accepted.Status);
        Assert.Equal($"/chat/{accepted.JobId}", reply.Headers.Location?.ToString());
        Assert.NotNull(accepted.SessionToken);

        curl.Token = accepted.SessionToken;
        var end = await curl.End(accepted.JobId, server.Tail);
        Assert.Equal(JobStatus.Completed, end.Status);
        Assert.Equal(1, end.Turn);
        Assert.False(string.IsNullOrWhiteSpace(end.Content));
        Assert.Equal(accepted.ConversationId, end.ConversationId);
    }

    [Fact]
    public async Task A_read_without_credentials_is_401()
    {
        await using var server = await backend.StartAsync();
        using var owner = new ApiClient(server.Address);
        var accepted = await owner.Post("Hello");
        Assert.NotNull(accepted.SessionToken);

        var reply = await owner.Get($"/chat/{accepted.JobId}");

        Assert.Equal(HttpStatusCode.Unauthorized, reply.Status);
        Assert.Equal(ErrorCode.TokenMissing, reply.Problem().Code);
    }

    [Fact]
    public async Task A_conversation_goes_on_turn_by_turn_and_can_be_read_back()
    {
        await using var server = await backend.StartAsync();
        using var person = await ApiClient.WithSession(server.Address);
        var first = await person.Post("The first message");
        var second = await person.Post("The second message", first.ConversationId);
        var third = await person.Post("The third message", first.ConversationId);

        var answers = new List<JobView>();
        foreach (var job in (string[])[first.JobId, second.JobId, third.JobId])
        {
            answers.Add(await person.End(job, server.Tail));
        }

        Assert.All(answers, answer => Assert.Equal(JobStatus.Completed, answer.Status));
        Assert.Equal([1, 2, 3], answers.Select(answer => answer.Turn ?? 0));
        var messages = await person.Messages(first.ConversationId);
        Assert.Equal(
            ["The first message", "The second message", "The third message"],
            messages.Where(message => message.Role == MessageRole.User).Select(message => message.Content));
        Assert.Equal(
            answers.Select(answer => answer.Content),
            messages.Where(message => message.Role == MessageRole.Assistant).Select(message => message.Content));
    }
}
