using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>A job that waits for its next attempt runs nowhere: whoever is asked to stop it ends it, and the node that put it back ends its wait.</summary>
public abstract class StopBetweenAttemptsTests(Backend backend)
{
    [Fact]
    public async Task Stopped_between_two_attempts_a_job_ends_at_once_and_the_next_message_does_not_wait_for_the_retry()
    {
        await using var model = await FaultyModel.Start(call => call.Asked == "fails"
            ? ModelReply.Error(503)
            : ModelReply.Words("An answer"));
        await using var server = await backend.StartAsync(model, new CloudiaSettings
        {
            More = new Dictionary<string, string> { ["CLOUDIA__MODELS__0__RETRIES"] = "0", ["CLOUDIA__WORK__RETRYSECONDS"] = "300" },
        });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var failing = await person.Post("fails");
        var next = await person.Post("next", failing.ConversationId);
        await socket.Wait<ErrorEvent>(error => error.JobId == failing.JobId && !error.Final, "word of the retry");

        var reply = await person.Send(HttpMethod.Delete, $"/chat/{failing.JobId}");

        // Between machines the node that put it back may be faster than who asked: it gives the job to a worker, which finds the wish and ends it.
        Assert.True(reply.Status == HttpStatusCode.Accepted || (!backend.IsSure && reply.Status == HttpStatusCode.OK), $"DELETE /chat: {reply}");
        await socket.Wait<MessageStopped>(end => end.JobId == failing.JobId, "the stop");
        Assert.Equal(JobStatus.Cancelled, (await person.Job(failing.JobId)).Status);
        Assert.Equal(JobStatus.Completed, (await person.End(next.JobId, server.Tail)).Status);
        Assert.Single(model.Calls, call => call.Asked == "fails");
    }
}
