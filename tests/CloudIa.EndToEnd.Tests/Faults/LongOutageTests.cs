using System.Globalization;
using System.Runtime.CompilerServices;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Fault 15 for a minute, with one breaker. Of many machines each has its own, and who is told when depends on whose turn it is.</summary>
public sealed class LongOutageTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task While_the_provider_is_down_every_message_is_told_at_once_and_waits_without_an_attempt_and_when_it_heals_all_are_answered()
    {
        // Until all is posted, however long that takes, and no shorter than the outage is to be.
        var healed = new StrongBox<TimeSpan>(TimeSpan.MaxValue);
        await using var model = await FaultyModel.Start(call =>
            call.Opened < healed.Value ? ModelReply.Error(503) : ModelReply.Words($"Answer to {call.Asked}"));
        var began = RunClock.Now;
        await using var server = await CloudiaProcess.Start(new CloudiaSettings { ModelEndpoint = model.Endpoint, More = OutageTests.ShortBreaks });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        var unlucky = await OutageTests.OpenTheBreakers(person, socket, server);

        var waiting = new List<ChatAccepted>();
        var told = new List<double>();
        for (var number = 1; number <= 40; number++)
        {
            // Two of each conversation: the later one waits behind the earlier one.
            var before = RunClock.Now;
            var accepted = await person.Post($"message {number}", number % 2 == 0 ? waiting[^1].ConversationId : null);
            waiting.Add(accepted);
            if (number % 2 == 0) continue;
            var open = await socket.Wait<ErrorEvent>(error => error.JobId == accepted.JobId, "word of the open breaker");
            told.Add((RunClock.Now - before).TotalMilliseconds);
            Assert.Equal((ErrorCode.CircuitOpen, false, true), (open.Code, open.Final, open.Retryable));
            Assert.NotNull(open.RetryAt);
        }

        var health = await OutageTests.HealthOf(server.Address);
        Assert.Equal("degraded", health.Status);
        Assert.Contains(health.Parts, part => part is { Name: "model tested", Status: "open" or "half_open" });

        var portuguese = await Portuguese(person, server);
        var heals = RunClock.Now + TimeSpan.FromSeconds(1) is var soon && soon > began + Outage ? soon : began + Outage;
        healed.Value = heals;

        foreach (var accepted in waiting.Concat(unlucky).Append(portuguese))
        {
            Assert.Equal(JobStatus.Completed, (await person.End(accepted.JobId, server.Tail, within: Outage + TimeSpan.FromSeconds(60))).Status);
        }

        Assert.True(RunClock.Now >= heals);
        var down = model.Calls.Where(call => call.Opened < heals).ToList();
        var probes = down.Count(call => !call.Asked.StartsWith("unlucky", StringComparison.Ordinal));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{down.Count} calls in {(heals - began).TotalSeconds:F0} s of outage, {probes} of them probes of waiting jobs; told {told.Order().ElementAt(told.Count / 2):F0} ms ({told.Min():F0}–{told.Max():F0}) after the post"));

        // One probe a break, of 2, 4, 8, 8 … seconds. Nobody else was called, or used an attempt.
        Assert.InRange(down.Count, 5, 30 + (int)((heals - began).TotalSeconds / 6));
        for (var number = 1; number <= waiting.Count; number++)
        {
            var own = down.Count(call => call.Asked == $"message {number}");
            Assert.Equal(own + 1, (await person.Job(waiting[number - 1].JobId)).Attempt);
        }

        Assert.Equal("ok", (await OutageTests.HealthOf(server.Address)).Status);
    }

    private static async Task<ChatAccepted> Portuguese(ApiClient person, CloudiaProcess server)
    {
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail, AcceptLanguage = "pt-BR" });
        var accepted = await person.Post("Olá");
        var open = await socket.Wait<ErrorEvent>(error => error.JobId == accepted.JobId, "word of the open breaker");
        Assert.Equal("Circuit Breaker ativado: API LLM indisponível.", open.Message);
        return accepted;
    }
}
