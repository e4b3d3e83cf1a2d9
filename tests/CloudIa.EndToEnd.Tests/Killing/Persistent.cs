using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Killing;

/// <summary>
/// A client that does what a good client does while its server dies again and again: posts with a key until it
/// has a receipt, keeps a socket open, and resumes with what it holds.
/// </summary>
internal sealed class Persistent(
    string name,
    string owner,
    string mark,
    ApiClient api,
    string? sharedConversation,
    HistoryRecorder recorder,
    Func<string> serverLog)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(10);
    private readonly HeldAnswers _held = new();

    /// <summary>A refusal that no client should meet; it ends this one's posts, and the checker may know the cause.</summary>
    public string? Complaint { get; private set; }

    /// <summary>Posts until told to stop; returns when every answer that was promised was heard.</summary>
    public async Task Run(CancellationToken noMorePosts)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var listening = Listen(done.Token);
        var talking = Talk(noMorePosts);
        await await Task.WhenAny(listening, talking);
        await talking;
        await done.CancelAsync();
        await listening;
    }

    private async Task Talk(CancellationToken noMorePosts)
    {
        var conversation = sharedConversation;
        var jobs = new List<string>();
        for (var count = 1; !noMorePosts.IsCancellationRequested; count++)
        {
            // Now and then a new conversation, which must be one however often its first message is posted.
            if (sharedConversation is null && count % 7 == 0) conversation = null;
            var message = $"{mark} message {count} of {name}";
            var reply = await api.PostUntilAnswered(message, conversation, $"{name}-{count}", serverLog);
            if (reply.Status != HttpStatusCode.Accepted)
            {
                Complaint = $"{name} posted '{message}' and got {reply}";
                break;
            }

            var accepted = reply.Read(ProtocolJson.Default.ChatAccepted);
            _held.Expect(accepted.JobId);
            recorder.Accepted(new Receipt(owner, accepted.JobId, accepted.ConversationId, message));
            conversation = accepted.ConversationId;
            jobs.Add(accepted.JobId);

            // Two messages under way at a time: one that is answered and one that waits behind it.
            if (jobs.Count >= 2) await Heard(jobs[^2]);
        }

        foreach (var job in jobs) await Heard(job);
    }

    private async Task Heard(string job)
    {
        var looks = 0;
        await Patience.Until(
            async _ => _held.HasEnded(job) || (++looks % 100 == 0 && await IsLost(job)) ? job : null,
            $"{name} to hear the end of job {job} on a socket",
            () => $"It holds '{_held.Text(job)}'.{Environment.NewLine}{serverLog()}",
            within: TimeSpan.FromMinutes(5),
            every: Retry);
    }

    /// <summary>A job that does not exist will not end; the checker is to say so, rather than a wait that ran out.</summary>
    private async Task<bool> IsLost(string job)
    {
        try
        {
            return await api.JobOrNull(job) is null;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return false;
        }
    }

    private async Task Listen(CancellationToken done)
    {
        using var pause = new PeriodicTimer(Retry, TimeProvider.System);
        while (!done.IsCancellationRequested)
        {
            try
            {
                await using var socket = await PlainSocket.Open(api.Server, new SocketOptions
                {
                    Token = api.Token,
                    Held = _held,
                    Recorder = recorder,
                    Owner = owner,
                });
                await socket.Resume();
                await socket.Closed.WaitAsync(done);
                Assert.Null(socket.Illegible);
            }
            catch (Exception error) when (error is System.Net.WebSockets.WebSocketException or InvalidOperationException or OperationCanceledException)
            {
                // Refused or cut while the server is away.
                if (!done.IsCancellationRequested) await pause.WaitForNextTickAsync(CancellationToken.None);
            }
        }
    }
}
