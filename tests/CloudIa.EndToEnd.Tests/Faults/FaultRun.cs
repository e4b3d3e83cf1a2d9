using System.Collections.Concurrent;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Killing;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>
/// Some people, each with a socket and two conversations, post faster than they are answered, while the model fails;
/// what they and the model see is written down and judged.
/// </summary>
/// <param name="fault">Makes of a whole reply, and the number of its fault from 0, one that fails.</param>
/// <param name="fails">Whether a call fails: by its message's number, and its own among that message's, both from 1.</param>
internal sealed class FaultRun(Func<ModelReply, int, ModelReply> fault, Func<int, int, bool> fails)
{
    /// <summary>In all messages that are sent when the model is well again.</summary>
    public const string Again = "once more";

    private const int Owners = 4;
    private const int ConversationsEach = 2;

    private readonly HistoryRecorder _recorder = new();
    private readonly ConcurrentDictionary<string, int> _messages = new();
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private int _faults = -1;
    private int _numbered;

    /// <summary>The first call for every fourth message fails.</summary>
    public static async Task<ChatHistory> NowAndThen(Backend backend, string provider, Func<ModelReply, int, ModelReply> fault, params string[] limits)
    {
        var run = new FaultRun(fault, (message, call) => call == 1 && message % 4 == 0);
        await using var model = await FaultyModel.Start(run.Answer);
        await using var server = await backend.StartAsync(model, FaultSettings.Seldom(provider, backend.Workers, limits));
        using var people = new People(server.Address);
        await run.Talk(people, server, "message", messagesEach: 3);
        var history = await run.Judge(people, model, server, mostCalls: 5);

        // The test itself: it had its faults.
        Assert.Equal(history.Receipts.Count / 4, run._faults + 1);
        return history;
    }

    /// <summary>All calls fail until every message has its end. Then the model is well, and all ask once more.</summary>
    public static async Task<ChatHistory> Always(Backend backend, string provider, Func<ModelReply, int, ModelReply> fault, params string[] limits)
    {
        var healed = false;
        var run = new FaultRun(fault, (_, _) => !Volatile.Read(ref healed));
        await using var model = await FaultyModel.Start(run.Answer);
        await using var server = await backend.StartAsync(model, FaultSettings.Impatient(provider, limits));
        using var people = new People(server.Address);
        await run.Talk(people, server, "message", messagesEach: 2);
        Volatile.Write(ref healed, true);
        foreach (var worker in server.Workers)
        {
            using var anybody = new ApiClient(worker);
            await Patience.Until(
                async _ => (await anybody.Get("/health/ready")).Read(ProtocolJson.Default.HealthView).Parts.Any(part => part.Status == "open") ? null : "over",
                "the break to be over",
                server.Tail);
        }

        await run.Talk(people, server, Again, messagesEach: 1);
        return await run.Judge(people, model, server, mostCalls: FaultSettings.Attempts * 5);
    }

    public static int FailedCalls(ChatHistory history) => history.Calls.Count(call => call.Broken || call.State == ModelCallState.Abandoned);

    public static string Summary(ChatHistory history) =>
        $"{history.Receipts.Count} messages, {history.Calls.Count} calls, {FailedCalls(history)} failed, "
        + $"{history.Ends.Values.Count(end => end.Attempt > 1)} answers begun again";

    /// <summary>Returns when every message has its end.</summary>
    private async Task Talk(People people, IInstallation server, string about, int messagesEach)
    {
        var talks = new List<Task>();
        for (var number = 1; number <= Owners; number++)
        {
            var (api, mark) = await people.Meet($"owner{number}");
            talks.Add(Talk($"owner{number}", api, $"{mark} {about}", messagesEach, server));
        }

        await Task.WhenAll(talks);
    }

    private async Task Talk(string owner, ApiClient api, string begin, int messagesEach, IInstallation server)
    {
        var held = new HeldAnswers();
        await using var socket = await PlainSocket.Open(server.Address, new SocketOptions
        {
            Token = api.Token,
            Held = held,
            Recorder = _recorder,
            Owner = owner,
            ServerLog = server.Tail,
        });
        var jobs = new List<string>();
        for (var conversation = 1; conversation <= ConversationsEach; conversation++)
        {
            string? into = null;
            for (var count = 1; count <= messagesEach; count++)
            {
                var message = $"{begin} {count} of conversation {conversation}";
                var accepted = await api.Post(message, into);
                _recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, message));
                into = accepted.ConversationId;
                jobs.Add(accepted.JobId);
            }
        }

        foreach (var job in jobs)
        {
            var end = await socket.Wait<ServerEvent>(said => Ends(said, job), $"the end of job {job}", within: TimeSpan.FromMinutes(3));
            if (end is MessageCompleted) _recorder.Showed(owner, job, held.Text(job));
        }
    }

    private async Task<ChatHistory> Judge(People people, FaultyModel model, IInstallation server, int mostCalls)
    {
        var history = await people.ReadBack(_recorder, server.Tail) with { Calls = [.. model.Calls.Select(LoggedCall.Of)], MostCalls = mostCalls };
        var broken = Invariants.Check(history);
        Assert.True(broken.Count == 0, string.Join(
            Environment.NewLine,
            [$"{broken.Count} violations:", .. broken.Take(20).Select(violation => violation.ToString()), server.Tail()]));
        Assert.Equal(history.Ends.Values.Count(end => end.Status == JobStatus.Completed), history.Observations.OfType<Showed>().Count());
        return history;
    }

    private ModelReply Answer(ModelCall call)
    {
        var mark = call.Asked.Split(' ')[0];
        var reply = ModelReply.Words(string.Join(' ', Enumerable.Range(1, 8).Select(word => $"{mark}:{call.Number}.{word}—🚀"))) with
        {
            Pace = TimeSpan.FromMilliseconds(2),
            BytesAWrite = call.Number % 2 == 0 ? int.MaxValue : 29,
        };
        var message = _messages.GetOrAdd(call.Asked, _ => Interlocked.Increment(ref _numbered));
        var broken = fails(message, _calls.AddOrUpdate(call.Asked, 1, (_, before) => before + 1));

        // Of what fails nothing is ever a whole answer, also where all of its text was sent.
        _recorder.ModelCalled(call.Asked, broken ? $"{reply.Text} and what was never said" : reply.Text);
        return broken ? fault(reply, Interlocked.Increment(ref _faults)) : reply;
    }

    private static bool Ends(ServerEvent said, string job) => said switch
    {
        MessageCompleted completed => completed.JobId == job,
        ErrorEvent error => error.JobId == job && error.Final,
        _ => false,
    };
}
