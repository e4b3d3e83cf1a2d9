using System.Collections.Concurrent;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Killing;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Faults;

/// <summary>
/// Some people, each with a socket and two conversations, post faster than they are answered, while the model fails at
/// the first call for every fourth message; what they and the model see is written down and judged.
/// </summary>
internal sealed class FaultRun
{
    private const int Owners = 4;
    private const int ConversationsEach = 2;
    private const int MessagesEach = 3;

    private readonly Func<ModelReply, int, ModelReply> _fault;
    private readonly HistoryRecorder _recorder = new();
    private readonly ConcurrentDictionary<string, int> _called = new();
    private int _messages;
    private int _faults;

    private FaultRun(Func<ModelReply, int, ModelReply> fault) => _fault = fault;

    /// <summary>Returns when every message has its end.</summary>
    /// <param name="provider">Whose wire is spoken.</param>
    /// <param name="fault">Makes of a whole reply, and the number of its fault from 0, one that fails.</param>
    /// <param name="limits">The model's time limits where a fault waits for them; long enough for a busy machine.</param>
    public static Task<ChatHistory> Of(string provider, Func<ModelReply, int, ModelReply> fault, params string[] limits) =>
        new FaultRun(fault).Run(provider, limits);

    /// <summary>A server with this model.</summary>
    public static CloudiaSettings Settings(FaultyModel model, string provider, params string[] limits) => new()
    {
        Provider = provider,
        ModelEndpoint = provider == "openai" ? model.Endpoint : model.AnthropicEndpoint,
        More = limits.ToDictionary(name => $"CLOUDIA__MODELS__0__{name}", _ => "2"),
    };

    private async Task<ChatHistory> Run(string provider, string[] limits)
    {
        await using var model = await FaultyModel.Start(Answer);
        await using var server = await CloudiaProcess.Start(Settings(model, provider, limits));
        using var people = new People(server.Address);
        var talks = new List<Task>();
        for (var number = 1; number <= Owners; number++)
        {
            var owner = $"owner{number}";
            var (api, mark) = await people.Meet(owner);
            talks.Add(Talk(owner, api, mark, server));
        }

        await Task.WhenAll(talks);
        var history = await people.ReadBack(_recorder, server.Tail) with { Calls = [.. model.Calls.Select(LoggedCall.Of)], MostCalls = 5 };
        var broken = Invariants.Check(history);
        Assert.True(broken.Count == 0, string.Join(
            Environment.NewLine,
            [$"{broken.Count} violations:", .. broken.Take(20).Select(violation => violation.ToString()), server.Tail()]));

        // The test itself: it had faults, and everybody heard all ends.
        Assert.Equal(Owners * ConversationsEach * MessagesEach, _messages);
        Assert.Equal(_messages / 4, _faults);
        Assert.Equal(_messages, history.Observations.OfType<Showed>().Count());
        return history;
    }

    private async Task Talk(string owner, ApiClient api, string mark, CloudiaProcess server)
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
            for (var count = 1; count <= MessagesEach; count++)
            {
                var message = $"{mark} message {count} of conversation {conversation}";
                var accepted = await api.Post(message, into);
                _recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, message));
                into = accepted.ConversationId;
                jobs.Add(accepted.JobId);
            }
        }

        foreach (var job in jobs)
        {
            await socket.Wait<ServerEvent>(said => Ends(said, job), $"the end of job {job}", within: TimeSpan.FromSeconds(90));
            _recorder.Showed(owner, job, held.Text(job));
        }
    }

    private ModelReply Answer(ModelCall call)
    {
        var mark = call.Asked.Split(' ')[0];
        var reply = ModelReply.Words(string.Join(' ', Enumerable.Range(1, 8).Select(word => $"{mark}:{call.Number}.{word}—🚀"))) with
        {
            Pace = TimeSpan.FromMilliseconds(2),
            BytesAWrite = call.Number % 2 == 0 ? int.MaxValue : 29,
        };
        var fails = _called.AddOrUpdate(call.Asked, 1, (_, before) => before + 1) == 1 && Interlocked.Increment(ref _messages) % 4 == 0;

        // Of what fails nothing is ever a whole answer, also where all of its text was sent.
        _recorder.ModelCalled(call.Asked, fails ? $"{reply.Text} and what was never said" : reply.Text);
        return fails ? _fault(reply, Interlocked.Increment(ref _faults) - 1) : reply;
    }

    private static bool Ends(ServerEvent said, string job) => said switch
    {
        MessageCompleted completed => completed.JobId == job,
        ErrorEvent error => error.JobId == job && error.Final,
        _ => false,
    };
}
