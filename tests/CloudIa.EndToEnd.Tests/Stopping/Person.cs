using System.Net;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Stopping;

/// <summary>One owner with two sockets, all of whose frames are written down.</summary>
internal sealed class Person : IAsyncDisposable
{
    private readonly HistoryRecorder _recorder;
    private readonly PlainSocket[] _sockets;

    private Person(string name, string mark, ApiClient api, PlainSocket[] sockets, HistoryRecorder recorder)
    {
        (Name, Mark, Api) = (name, mark, api);
        (_sockets, _recorder) = (sockets, recorder);
    }

    public string Name { get; }

    /// <summary>Stands in every message of this owner's and in nobody else's.</summary>
    public string Mark { get; }

    public ApiClient Api { get; }

    public static async Task<Person> Arrive(string name, IInstallation server, HistoryRecorder recorder)
    {
        var api = await ApiClient.WithSession(server.Address);
        var options = new SocketOptions { Token = api.Token, Recorder = recorder, Owner = name, ServerLog = server.Tail };
        var sockets = await Task.WhenAll(PlainSocket.Open(server.Address, options), PlainSocket.Open(server.Address, options with { Held = new() }));
        return new Person(name, $"{name}-{Guid.NewGuid():N}", api, sockets, recorder);
    }

    public async Task<(string Job, string Conversation)> Post(string message, string? conversation)
    {
        var accepted = await Api.Post(message, conversation);
        _recorder.Accepted(new Receipt(Name, accepted.JobId, accepted.ConversationId, message));
        return (accepted.JobId, accepted.ConversationId);
    }

    /// <summary>By HTTP or on one of the sockets.</summary>
    public async Task Stop(string job, Random random)
    {
        var socket = random.Next(_sockets.Length * 2);
        _recorder.Stopping(job);
        if (socket < _sockets.Length)
        {
            await _sockets[socket].SendText($$"""{"action":"stop","jobId":"{{job}}"}""");
            return;
        }

        var reply = await Api.Delete($"/chat/{job}");
        Assert.True(reply.Status is HttpStatusCode.Accepted or HttpStatusCode.OK, $"DELETE /chat/{job}: {reply}");
    }

    /// <summary>On both sockets, and then what is stored.</summary>
    public async Task<JobView> HearTheEnd(string job, Func<string> serverLog)
    {
        foreach (var socket in _sockets)
        {
            await socket.Wait<JobEvent>(said => said.JobId == job && (said is MessageCompleted or MessageStopped), $"the end of {job}");
        }

        var view = await Api.Job(job);
        Assert.True(view.Status.IsEnd(), $"Job {job} was said to have ended, and stands at {view}.{Environment.NewLine}{serverLog()}");
        return view;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var socket in _sockets) await socket.DisposeAsync();
        Api.Dispose();
    }
}
