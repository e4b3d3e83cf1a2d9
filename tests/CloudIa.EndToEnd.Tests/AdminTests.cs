using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>What the queue tells its operator, and nobody else.</summary>
public abstract class AdminTests(Backend backend)
{
    [Fact]
    public async Task The_queue_says_how_much_waits_and_for_whom()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("Done") with { Gate = gate.Task });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        Assert.Equal((0, null, null), await admin.Queue() is var idle ? (idle.Waiting, idle.OldestEnqueuedAt, idle.OldestAgeSeconds) : default);

        var first = await person.Post("one");
        var second = await person.Post("two", first.ConversationId);
        var queue = await admin.Queue();
        Assert.Equal((2, 0), (queue.Waiting, queue.DeadLetters));
        Assert.Equal("tested", Assert.Single(queue.Models).Name);

        gate.SetResult();
        await person.End(second.JobId, server.Tail);
        await Patience.Until(async _ => (await admin.Queue()).Waiting == 0 ? "idle" : null, "the queue to be idle", server.Tail);
    }

    [Fact]
    public async Task Nobody_but_the_operator_of_this_machine_is_let_in()
    {
        const string token = "a-token-that-was-configured";
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(400));
        await using var server = await backend.StartAsync(model, new CloudiaSettings
        {
            More = new Dictionary<string, string> { ["CLOUDIA__GATEWAY__ADMINTOKEN"] = token },
        });
        using var person = await ApiClient.WithSession(server.Address);
        await person.End((await person.Post("private")).JobId, server.Tail);
        using var nobody = new ApiClient(server.Address);
        using var admin = new ApiClient(server.Address, token);
        await Patience.Until(
            async _ => (await admin.Get("/admin/queue")).Read(ProtocolJson.Default.QueueView).DeadLetters == 1 ? "there" : null, "the dead letter", server.Tail);

        foreach (var (method, path) in new[]
        {
            (HttpMethod.Get, "/admin/queue"),
            (HttpMethod.Get, "/admin/dead-letters"),
            (HttpMethod.Get, "/admin/dead-letters/1"),
            (HttpMethod.Post, "/admin/dead-letters/1/redrive"),
            (HttpMethod.Post, "/admin/dead-letters/redrive"),
            (HttpMethod.Delete, "/admin/dead-letters/1"),
            (HttpMethod.Delete, "/admin/dead-letters"),
        })
        {
            await Refused(nobody.Send(method, path), HttpStatusCode.Unauthorized, ErrorCode.TokenMissing);
            await Refused(person.Send(method, path), HttpStatusCode.Unauthorized, ErrorCode.TokenInvalid);
            await Refused(admin.Send(method, path, headers: With("Origin", "https://evil.example")), HttpStatusCode.Forbidden, ErrorCode.OriginForbidden);
            await Refused(admin.Send(method, path, headers: With("X-Forwarded-For", "192.0.2.1")), HttpStatusCode.Forbidden, ErrorCode.AdminLocalOnly);
        }

        Assert.Equal(1, (await admin.Get("/admin/queue")).Read(ProtocolJson.Default.QueueView).DeadLetters);

        // What was configured is told nobody, and the data folder knows of none.
        Assert.DoesNotContain(token, server.Tail(), StringComparison.Ordinal);
        using var lost = Repository.Run(["dead-letters", "list", "--server", server.Address.AbsoluteUri, "--data", server.DataFolder], new CloudiaSettings(), "");
        Assert.Equal(1, await lost.Exit());
        Assert.Contains("CLOUDIA_ADMIN_TOKEN", lost.Errors, StringComparison.Ordinal);
        using var found = Repository.Run(
            ["dead-letters", "list", "--server", server.Address.AbsoluteUri],
            new CloudiaSettings { More = new Dictionary<string, string> { ["CLOUDIA_ADMIN_TOKEN"] = token } },
            "");
        Assert.Equal(0, await found.Exit());
        Assert.Contains("private", found.Output, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> With(string name, string value) => new() { [name] = value };

    private static async Task Refused(Task<Reply> answer, HttpStatusCode status, string code)
    {
        var reply = await answer;
        Assert.Equal((status, code), (reply.Status, reply.Problem().Code));
    }
}
