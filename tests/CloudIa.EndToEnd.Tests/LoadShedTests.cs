using System.Collections.Concurrent;
using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>What is beyond an owner's limits is refused with 429 and when to come again; nobody else notices.</summary>
public abstract class LoadShedTests(Backend backend)
{
    private const int Most = 20;

    [Fact]
    public async Task Of_many_posts_at_once_20_are_in_flight_and_the_next_is_taken_when_one_ends_also_after_kill_9()
    {
        var gates = new ConcurrentDictionary<string, TaskCompletionSource>();
        await using var model = await FaultyModel.Start(call => call.Asked == "quick"
            ? ModelReply.Words("at once")
            : ModelReply.Words("in its time") with { Gate = GateOf(call.Asked).Task });
        await using var server = await backend.StartAsync(model, new CloudiaSettings { JobsInFlight = Most, ShortLeases = true });
        using var person = await ApiClient.WithSession(server.Address);
        using var another = await ApiClient.WithSession(server.Address);

        var replies = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => person.TryPost($"message {i}", key: $"key {i}")));
        var accepted = Enumerable.Range(0, 60).Where(i => replies[i].Status == HttpStatusCode.Accepted).ToList();
        Assert.Equal(Most, accepted.Count);
        Assert.All(replies.Where(reply => reply.Status != HttpStatusCode.Accepted), IsTooMany);
        Assert.Equal(JobStatus.Completed, (await another.End((await another.Post("quick")).JobId, server.Tail)).Status);

        var first = replies[accepted[0]].Read(ProtocolJson.Default.ChatAccepted);
        await StillFull();
        await using (var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail }))
        {
            await socket.Chat("one more", clientId: "mine");
            var error = await socket.Wait<ErrorEvent>(_ => true, "the refusal");
            Assert.Equal((ErrorCode.TooManyJobs, "mine", true, true), (error.Code, error.ClientId, error.Retryable, error.Final));
        }

        server.KillNine();
        await server.StartAgain();
        await StillFull();

        GateOf($"message {accepted[0]}").SetResult();
        Assert.Equal(JobStatus.Completed, (await person.End(first.JobId, server.Tail)).Status);

        // The place is free once the queue has let go of the job, just after its end.
        var next = await Patience.Until(
            async _ => await person.TryPost("the next") is { Status: HttpStatusCode.Accepted } reply ? reply : null, "a place", server.Tail);
        await StillFull();

        foreach (var i in accepted.Skip(1)) GateOf($"message {i}").SetResult();
        GateOf("the next").SetResult();
        foreach (var i in accepted)
        {
            var job = replies[i].Read(ProtocolJson.Default.ChatAccepted);
            Assert.Equal(JobStatus.Completed, (await person.End(job.JobId, server.Tail)).Status);
        }

        Assert.Equal(JobStatus.Completed, (await person.End(next.Read(ProtocolJson.Default.ChatAccepted).JobId, server.Tail)).Status);

        TaskCompletionSource GateOf(string message) => gates.GetOrAdd(message, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

        async Task StillFull()
        {
            IsTooMany(await person.TryPost("one more"));
            IsTooMany(await person.TryPost("one more", first.ConversationId, key: "a new key"));

            // What is in flight is no other job when it is posted again.
            var again = await person.Post($"message {accepted[^1]}", key: $"key {accepted[^1]}");
            Assert.Equal(replies[accepted[^1]].Read(ProtocolJson.Default.ChatAccepted).JobId, again.JobId);
        }
    }

    [Fact]
    public async Task What_writes_copies_or_searches_counts_as_a_request()
    {
        await using var server = await backend.StartAsync(settings: new CloudiaSettings { RequestsPerMinute = 1 });
        foreach (var (method, path, status) in new[]
        {
            (HttpMethod.Get, "/conversations?q=word", 200),
            (HttpMethod.Patch, "/conversations/unknown", 404),
            (HttpMethod.Delete, "/conversations/unknown", 404),
            (HttpMethod.Post, "/conversations/unknown/fork", 404),
            (HttpMethod.Post, "/conversations/unknown/regenerate", 404),
        })
        {
            using var person = await ApiClient.WithSession(server.Address);
            Assert.Equal(status, (int)(await SendAsync(person)).Status);
            var refused = await SendAsync(person);

            Assert.Equal((429, ErrorCode.RateLimited), (refused.Problem().Status, refused.Problem().Code));
            Assert.InRange(refused.Problem().RetryAfterSeconds ?? 0, 1, 60);
            Assert.StartsWith("\"messages\";r=0;t=", Header(refused, "RateLimit"), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await person.Get("/conversations")).Status);

            Task<Reply> SendAsync(ApiClient sender) => sender.Send(
                method, path, method == HttpMethod.Get ? null : new StringContent("""{"title":"A title","turn":0}"""));
        }
    }

    private static void IsTooMany(Reply reply)
    {
        var problem = reply.Problem();
        Assert.Equal((429, ErrorCode.TooManyJobs, true, 2), (problem.Status, problem.Code, problem.Retryable, problem.RetryAfterSeconds));
        Assert.Equal("2", Header(reply, "Retry-After"));
        Assert.EndsWith(";t=0", Header(reply, "RateLimit"), StringComparison.Ordinal);
    }

    private static string Header(Reply reply, string name) => Assert.Single(reply.Headers.GetValues(name));
}
