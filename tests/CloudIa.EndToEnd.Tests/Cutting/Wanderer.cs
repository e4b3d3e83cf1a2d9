using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.History;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Cutting;

/// <summary>
/// Reads answers over connections that are cut: after each it goes on over WebSocket, server-sent events or a poll,
/// as chance will have it, with nothing but what it holds; now and then it names a place that does not exist.
/// </summary>
internal sealed class Wanderer(string owner, ApiClient api, CuttingProxy way, HistoryRecorder recorder, Random random, Func<string> serverLog)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private readonly HeldAnswers _held = new();

    /// <summary>How often each way was taken.</summary>
    public Dictionary<string, int> Ways { get; } = [];

    /// <summary>Returns when each job's end was heard, and writes down what is shown then.</summary>
    public async Task Read(IReadOnlyList<string> jobs)
    {
        foreach (var job in jobs) _held.Expect(job);
        while (_held.Open() is { Count: > 0 } open)
        {
            var job = open[random.Next(open.Count)].JobId;
            var (name, read) = random.Next(10) switch
            {
                < 5 => ("socket", OverSocket()),
                < 8 => ("events", OverEvents(job)),
                _ => ("poll", ByPoll(job)),
            };
            Ways[name] = Ways.GetValueOrDefault(name) + 1;
            try
            {
                await Patience.For(read, $"the end of {owner}'s connection ({name})", serverLog, TimeSpan.FromMinutes(3));
            }
            catch (Exception error) when (IsLoss(error))
            {
                // Cut, or the server is away for a moment.
                await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }

        foreach (var job in jobs) recorder.Showed(owner, job, _held.Text(job));
    }

    private async Task OverSocket()
    {
        await using var socket = await PlainSocket.Open(way.Address, new SocketOptions
        {
            Token = api.Token,
            Held = _held,
            Recorder = recorder,
            Owner = owner,
        });
        await socket.Resume(random.Next(3) == 0 ? Invent : null);

        // To the end, or away after some frames.
        var patience = random.Next(3) == 0 ? random.Next(1, 12) : int.MaxValue;
        await socket.Wait<ServerEvent>(_ => _held.Open().Count == 0 || --patience < 0, "the answers' ends");
        Assert.Null(socket.Illegible);
    }

    private async Task OverEvents(string job)
    {
        var invented = random.Next(3) == 0;
        var held = _held.At(job);
        var point = new ResumePoint(job, held.Attempt, held.Offset);
        if (invented) point = Invent(point);
        point = point with { Attempt = Math.Max(0, point.Attempt), Offset = Math.Max(0, point.Offset) };
        var connection = recorder.Connect(owner);
        recorder.Resumed(owner, connection, point, invented);

        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(way.Address, $"/chat/{job}/events"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", api.Token);
        request.Headers.TryAddWithoutValidation("Last-Event-ID", $"{point.Attempt}-{point.Offset}");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);

        var patience = random.Next(3) == 0 ? random.Next(1, 12) : int.MaxValue;
        var parser = SseParser.Create(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await foreach (var item in parser.EnumerateAsync(TestContext.Current.CancellationToken))
        {
            if (item.EventType == "end" || --patience < 0) break;
            var said = JsonSerializer.Deserialize(item.Data, ProtocolJson.Default.ServerEvent)!;
            _held.Take(said);
            recorder.Heard(owner, connection, said);
            if (said is MessageDelta delta) Assert.Equal(new Position(delta.Attempt, delta.Offset + delta.Delta.Length).ToString(), item.EventId);
            if (!invented && said is (MessageDelta or MessageRestarted)) Assert.Equal(_held.At(job).ToString(), item.EventId);
        }
    }

    private async Task ByPoll(string job)
    {
        using var poll = new ApiClient(way.Address, api.Token);
        var seen = await poll.Job(job);
        var (before, text) = (_held.At(job), _held.Text(job));
        if (seen.Attempt == before.Attempt && seen.Content is { } content && !content.StartsWith(text, StringComparison.Ordinal))
        {
            var same = content.Zip(text).TakeWhile(pair => pair.First == pair.Second).Count();
            Assert.Fail($"Job {job}, attempt {seen.Attempt}: a poll showed {content.Length} characters, of which {same} are those of the {text.Length} that were shown before.");
        }

        _held.Take(seen);
        recorder.Polled(owner, seen);
    }

    /// <summary>A place beyond the text, of an attempt that never was, or within what is held: maybe within a character.</summary>
    private ResumePoint Invent(ResumePoint held) => random.Next(4) switch
    {
        0 => held with { Offset = held.Offset + random.Next(1, 2_000) },
        1 => held with { Attempt = held.Attempt + random.Next(1, 5) },
        2 => held with { Attempt = random.Next(-3, 3), Offset = random.Next(-5, 50) },
        _ => held with { Offset = random.Next(held.Offset + 1) },
    };

    private static bool IsLoss(Exception error) =>
        error is WebSocketException or HttpRequestException or IOException or SocketException or InvalidOperationException or OperationCanceledException
        && !TestContext.Current.CancellationToken.IsCancellationRequested;
}
