using System.Text;
using System.Text.Json;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Streaming;

/// <summary>Writes events as SSE: the id is the place after the event, so that Last-Event-ID is where to go on.</summary>
internal sealed class ServerSentEvents(HttpResponse response, string? language) : IEventSink, IDisposable
{
    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Answers with an event stream that no proxy should hold back.</summary>
    public Task BeginAsync(CancellationToken cancellation)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        return WriteAsync(": cloud-ia\n\n"u8.ToArray(), cancellation);
    }

    public async ValueTask SendAsync(ServerEvent sent, Position after, CancellationToken cancellation)
    {
        if (sent is ErrorEvent { Message: "" } error)
        {
            sent = error with { Message = ErrorText.Of(error.Code).In(language) };
        }

        // JSON holds no line break, so an answer that looks like SSE stays data.
        var json = JsonSerializer.Serialize(sent, ProtocolJson.Wire.ServerEvent);
        var id = after == Position.Start ? "" : $"id: {after}\n";
        await WriteAsync(Encoding.UTF8.GetBytes($"{id}event: {NameOf(sent)}\ndata: {json}\n\n"), cancellation);
    }

    /// <summary>Says that the connection lives.</summary>
    public Task BeatAsync(CancellationToken cancellation) => WriteAsync(": \n\n"u8.ToArray(), cancellation);

    /// <summary>Says that there will be no more. A plain close means: reconnect.</summary>
    public Task EndAsync(CancellationToken cancellation) => WriteAsync("event: end\ndata: {}\n\n"u8.ToArray(), cancellation);

    public void Dispose() => turn.Dispose();

    private async Task WriteAsync(byte[] bytes, CancellationToken cancellation)
    {
        // The heartbeat and the pump share the stream.
        await turn.WaitAsync(cancellation);
        try
        {
            await response.Body.WriteAsync(bytes, cancellation);
            await response.Body.FlushAsync(cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    private static string NameOf(ServerEvent sent) => sent switch
    {
        MessageDelta => "message_delta",
        MessageStarted => "message_started",
        MessageRestarted => "message_restarted",
        MessageCompleted => "message_completed",
        MessageStopped => "message_stopped",
        Accepted => "accepted",
        ErrorEvent => "error",
        _ => "message",
    };
}
