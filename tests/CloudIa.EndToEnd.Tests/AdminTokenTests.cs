using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>One process makes its operator's token itself, and knows since when its queue waits; many are given theirs, and their engine does not say.</summary>
public sealed class AdminTokenTests
{
    [Fact]
    public async Task The_queue_says_since_when_it_waits()
    {
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(_ => ModelReply.Words("Done") with { Gate = gate.Task });
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint });
        using var person = await ApiClient.WithSession(server.Address);
        using var admin = await Operator.Of(server);
        var first = await person.Post("one");
        await person.Post("two", first.ConversationId);

        var queue = await admin.Queue();
        Assert.InRange(queue.OldestAgeSeconds!.Value, 0, 60);
        Assert.Equal(first.Timestamp, queue.OldestEnqueuedAt!.Value, TimeSpan.FromSeconds(30));
        gate.SetResult();
    }

    [Fact]
    public async Task The_admin_token_outlives_its_process_and_a_service_that_is_away_is_said_so()
    {
        await using var server = await CloudiaProcess.Start();
        using var before = await Operator.Of(server);
        server.KillNine();
        Assert.Equal(1, (await before.Run("list")).Code);
        await server.StartAgain();

        Assert.Equal(0, (await before.Queue()).DeadLetters);
        Assert.Equal((0, ""), await before.Run("list") is var list ? (list.Code, list.Output) : default);
    }
}
