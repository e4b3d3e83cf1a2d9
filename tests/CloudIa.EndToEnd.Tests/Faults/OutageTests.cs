using System.Globalization;
using System.Runtime.CompilerServices;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>Fault 15: the provider is down, and its breaker open.</summary>
public abstract class OutageTests(Backend backend)
{
    /// <summary>Shorter breaks than the default's 15 s to 2 min, so that the end of the outage is seen soon.</summary>
    internal static readonly IReadOnlyDictionary<string, string> ShortBreaks = new Dictionary<string, string>
    {
        ["CLOUDIA__MODELS__0__BREAKER__BREAKSECONDS"] = "2",
        ["CLOUDIA__MODELS__0__BREAKER__MAXBREAKSECONDS"] = "8",
    };

    /// <summary>Whatever happens in a test, no break is over.</summary>
    private static readonly IReadOnlyDictionary<string, string> LongBreaks = new Dictionary<string, string>
    {
        ["CLOUDIA__MODELS__0__BREAKER__BREAKSECONDS"] = "300",
        ["CLOUDIA__MODELS__0__BREAKER__MAXBREAKSECONDS"] = "300",
    };

    [Fact]
    public async Task A_message_that_waits_for_its_provider_longer_than_it_may_is_told_that_it_failed()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(503));
        await using var server = await backend.StartAsync(model, new CloudiaSettings
        {
            More = new Dictionary<string, string>(ShortBreaks) { ["CLOUDIA__WORK__PROVIDERWAITSECONDS"] = "6" },
        });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });

        var accepted = await person.Post("in vain");
        var end = await person.End(accepted.JobId, server.Tail);

        Assert.Equal((JobStatus.Failed, ErrorCode.DeadlineExceeded), (end.Status, end.Error?.Code));
        await socket.Wait<ErrorEvent>(error => error is { Final: true, Code: ErrorCode.DeadlineExceeded } && error.JobId == accepted.JobId, "the final error");
    }

    [Fact]
    public async Task Stopped_while_it_waits_for_its_provider_a_message_ends_at_once_and_is_never_sent()
    {
        await using var model = await FaultyModel.Start(_ => ModelReply.Error(503));
        await using var server = await backend.StartAsync(model, new CloudiaSettings { More = LongBreaks });
        using var person = await ApiClient.WithSession(server.Address);
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions { Token = person.Token, ServerLog = server.Tail });
        await OpenTheBreakers(person, socket, server);
        var accepted = await person.Post("never mind");
        await socket.Wait<ErrorEvent>(error => error.JobId == accepted.JobId, "word of the open breaker");

        await person.Delete($"/chat/{accepted.JobId}");

        await socket.Wait<MessageStopped>(stopped => stopped.JobId == accepted.JobId, "the stop");
        var job = await person.Job(accepted.JobId);
        Assert.Equal(JobStatus.Cancelled, job.Status);
        Assert.InRange(job.Attempt, 0, backend.IsSure ? 0 : 1);
        Assert.DoesNotContain(model.Calls, call => call.Asked == "never mind");
    }

    /// <summary>The messages whose calls failed until the breaker of each worker opened.</summary>
    internal static async Task<IReadOnlyList<ChatAccepted>> OpenTheBreakers(ApiClient person, PlainSocket socket, IInstallation server)
    {
        var unlucky = new List<ChatAccepted>();
        for (var number = 1; number <= 3 * server.Workers.Count; number++) unlucky.Add(await person.Post($"unlucky {number}"));
        foreach (var worker in server.Workers)
        {
            await Patience.Until<object>(
                async _ => (await HealthOf(worker)).Parts.Any(part => part.Status is "open" or "half_open") ? unlucky : null, "the breaker to open", server.Tail);
        }

        await socket.Wait<ErrorEvent>(error => error is { Code: ErrorCode.CircuitOpen, Final: false }, "word of the open breaker");
        return unlucky;
    }

    internal static async Task<HealthView> HealthOf(Uri worker)
    {
        using var anybody = new ApiClient(worker);
        return (await anybody.Get("/health/ready")).Read(ProtocolJson.Default.HealthView);
    }
}
