using System.Globalization;
using System.Runtime.CompilerServices;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Fault 15 for longer than breaks last. Each process that calls models has a breaker of its own, so its calls are bounded one by one.</summary>
/// <param name="backend">What it runs on.</param>
/// <param name="output">Told what happened.</param>
/// <param name="seconds">How long the provider is down at least.</param>
public abstract class LongOutageTests(Backend backend, ITestOutputHelper output, int seconds)
{
    private readonly TimeSpan _outage = TimeSpan.FromSeconds(seconds);

    [Fact]
    public async Task While_the_provider_is_down_every_message_is_told_at_once_and_waits_without_an_attempt_and_when_it_heals_all_are_answered()
    {
        // Until all is posted, however long that takes, and no shorter than the outage is to be.
        var healed = new StrongBox<TimeSpan>(TimeSpan.MaxValue);
        await using var model = await FaultyModel.Start(call =>
            call.Opened < healed.Value ? ModelReply.Error(503) : ModelReply.Words($"Answer to {call.Asked}"));
        var began = RunClock.Now;
        await using var server = await backend.StartAsync(model, new CloudiaSettings { More = OutageTests.ShortBreaks });
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

        foreach (var worker in server.Workers)
        {
            var meanwhile = await OutageTests.HealthOf(worker);
            Assert.Equal("degraded", meanwhile.Status);
            Assert.Contains(meanwhile.Parts, part => part is { Name: "model tested", Status: "open" or "half_open" });
        }

        var portuguese = await Portuguese(person, server);
        var heals = RunClock.Now + TimeSpan.FromSeconds(1) is var soon && soon > began + _outage ? soon : began + _outage;
        healed.Value = heals;

        foreach (var accepted in waiting.Concat(unlucky).Append(portuguese))
        {
            Assert.Equal(JobStatus.Completed, (await person.End(accepted.JobId, server.Tail, within: _outage + TimeSpan.FromSeconds(60))).Status);
        }

        Assert.True(RunClock.Now >= heals);
        var down = model.Calls.Where(call => call.Opened < heals).ToList();
        var probes = down.Count(call => !call.Asked.StartsWith("unlucky", StringComparison.Ordinal));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{down.Count} calls ({string.Join(" + ", down.CountBy(call => call.Caller).Select(worker => worker.Value))}) in {(heals - began).TotalSeconds:F0} s of outage, {probes} of them probes of waiting jobs; told {told.Order().ElementAt(told.Count / 2):F0} ms ({told.Min():F0}–{told.Max():F0}) after the post"));

        // Of each worker one probe a break, of 2, 4, 8, 8 … seconds. Nobody else was called, or used an attempt.
        Assert.Equal(server.Workers.Count, down.CountBy(call => call.Caller).Count());
        Assert.All(down.CountBy(call => call.Caller), worker => Assert.InRange(worker.Value, 5, 30 + (int)((heals - began).TotalSeconds / 6)));
        for (var number = 1; number <= waiting.Count; number++)
        {
            var own = down.Count(call => call.Asked == $"message {number}");

            // Between machines a worker may be faster than the mark of its message. To know it, it begins it: that number is used up.
            Assert.InRange((await person.Job(waiting[number - 1].JobId)).Attempt, own + 1, own + (backend.IsSure ? 1 : 2));
        }

        // Who has called since knows that the provider is back; on many machines one may have had no message.
        var called = model.Calls.Where(call => call.Opened >= heals).CountBy(call => call.Caller).Count();
        var health = await Task.WhenAll(server.Workers.Select(OutageTests.HealthOf));
        Assert.Equal(called, health.Count(worker => worker.Status == "ok"));
    }

    private static async Task<ChatAccepted> Portuguese(ApiClient person, IInstallation server)
    {
        await using var socket = await PlainSocket.Open(
            server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail, AcceptLanguage = "pt-BR" });
        var accepted = await person.Post("Olá");
        var open = await socket.Wait<ErrorEvent>(error => error.JobId == accepted.JobId, "word of the open breaker");
        Assert.Equal("Circuit Breaker ativado: API LLM indisponível.", open.Message);
        return accepted;
    }
}
