using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests;

/// <summary>The same answer over server-sent events: a cursor, and a stream that says when it has ended.</summary>
public abstract class EventStreamTests(Backend backend)
{
    /// <param name="LastId">The last event's id.</param>
    /// <param name="Text">What the client holds.</param>
    /// <param name="Whole">The completed answer.</param>
    /// <param name="Ended">Whether the event "end" came.</param>
    /// <param name="Seen">The events, for messages.</param>
    private sealed record Part(string? LastId, string Text, string? Whole, bool Ended, string Seen);

    [Fact]
    public async Task A_stream_that_breaks_goes_on_at_its_last_event_id_with_no_text_twice()
    {
        const string beginning = "Das schöne 🚀 Stück ";
        const string ending = "und sein Ende 👩‍👩‍👧";
        var gate = new TaskCompletionSource();
        await using var model = await FaultyModel.Start(
            _ => ModelReply.Words(beginning + ending) with { GateAfter = 4, Gate = gate.Task });
        await using var server = await backend.StartAsync(model);
        using var person = await ApiClient.WithSession(server.Address);
        var accepted = await person.Post("Erzähl");

        var first = await Read(person, accepted.JobId, until: text => text == beginning, server);
        Assert.Equal(beginning, first.Text);
        Assert.True(Position.TryParse(first.LastId, out var cursor), $"'{first.LastId}' is no position.");
        Assert.Equal(new Position(1, beginning.Length), cursor);
        gate.SetResult();
        var second = await Read(person, accepted.JobId, until: _ => false, server, first);

        Assert.True(second.Ended, "The stream closed without the event 'end'.");
        Assert.Equal(beginning + ending, second.Whole);
        Assert.True(
            (beginning + ending).StartsWith(second.Text, StringComparison.Ordinal),
            $"'{first.Text}' became '{second.Text}'.{second.Seen}{Environment.NewLine}{server.Tail()}");
    }

    [Fact]
    public async Task An_answer_that_has_ended_is_told_whole_to_whoever_comes_late()
    {
        await using var server = await backend.StartAsync();
        using var person = await ApiClient.WithSession(server.Address);
        var accepted = await person.Post("Hello");
        var end = await person.End(accepted.JobId, server.Tail);

        var late = await Read(person, accepted.JobId, until: _ => false, server);

        Assert.True(late.Ended, "The stream closed without the event 'end'.");
        Assert.Equal(end.Content, late.Whole);
    }

    private static async Task<Part> Read(
        ApiClient person, string jobId, Func<string, bool> until, IInstallation server, Part? before = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience.Usual);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Address, $"/chat/{jobId}/events"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", person.Token);
        var (lastId, text) = (before?.LastId, before?.Text ?? "");
        if (lastId is not null) request.Headers.TryAddWithoutValidation("Last-Event-ID", lastId);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);

        var seen = new StringBuilder();
        string? whole = null;
        var parser = SseParser.Create(await response.Content.ReadAsStreamAsync(limit.Token));
        try
        {
            await foreach (var item in parser.EnumerateAsync(limit.Token))
            {
                if (item.EventId is { Length: > 0 } id) lastId = id;
                seen.AppendLine().Append($"{item.EventId} {item.EventType} {item.Data}");
                if (item.EventType == "end") return new Part(lastId, text, whole, true, seen.ToString());
                var said = JsonSerializer.Deserialize(item.Data, ProtocolJson.Default.ServerEvent);
                if (said is MessageRestarted) text = "";
                if (said is MessageDelta delta) text += delta.Delta;
                if (said is MessageCompleted completed) whole = completed.Content;
                if (until(text)) break;
            }
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The stream stands at '{text}'.{seen}{Environment.NewLine}{server.Tail()}");
        }

        return new Part(lastId, text, whole, false, seen.ToString());
    }
}
