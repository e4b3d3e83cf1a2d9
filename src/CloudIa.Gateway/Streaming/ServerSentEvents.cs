using System.Buffers;
using System.Text;
using System.Text.Json;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Http;

namespace CloudIa.Gateway.Streaming;

/// <summary>Writes events as SSE: the id is the place after the event, so that Last-Event-ID is where to go on.</summary>
internal sealed class ServerSentEvents(HttpResponse response, ClientConnection connection, string? language) : IEventSink
{
    /// <summary>Answers with an event stream that no proxy should hold back.</summary>
    public ValueTask BeginAsync()
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        response.BodyWriter.Write(": cloud-ia\n\n"u8);
        return FlushAsync();
    }

    public async ValueTask SendAsync(ServerEvent sent, Position after, SentText? text)
    {
        sent = ErrorText.Said(sent, language);
        if (text is null && SentText.OutOf(sent) is { } parts)
        {
            (sent, text) = parts;
        }

        // JSON holds no line break, so an answer that looks like SSE stays data.
        var id = after == Position.Start ? "" : $"id: {after}\n";
        response.BodyWriter.Write(Encoding.UTF8.GetBytes($"{id}event: {NameOf(sent)}\ndata: "));
        if (text is null)
        {
            response.BodyWriter.Write(JsonSerializer.SerializeToUtf8Bytes(sent, ProtocolJson.Wire.ServerEvent));
        }
        else
        {
            await WritePiecesAsync(sent, text);
        }

        response.BodyWriter.Write("\n\n"u8);
        await FlushAsync();
    }

    /// <summary>A comment: says that the connection lives.</summary>
    public ValueTask BeatAsync()
    {
        response.BodyWriter.Write(": \n\n"u8);
        return FlushAsync();
    }

    /// <summary>Says that there will be no more. A plain close means: reconnect.</summary>
    public ValueTask EndAsync()
    {
        response.BodyWriter.Write("event: end\ndata: {}\n\n"u8);
        return FlushAsync();
    }

    private async ValueTask WritePiecesAsync(ServerEvent sent, SentText text)
    {
        using var json = new EventJson(sent, text);
        while (!json.Done)
        {
            response.BodyWriter.Write(json.Next().Span);
            var flush = FlushAsync();
            if (!flush.IsCompletedSuccessfully)
            {
                text.LetGo();
                await flush;
                await text.HoldAsync();
            }
        }
    }

    private ValueTask FlushAsync()
    {
        // Kestrel drops what is written to a connection that is gone, and says nothing.
        connection.ThrowIfEnding();
        var flush = response.BodyWriter.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            connection.Progressed();
            return ValueTask.CompletedTask;
        }

        return connection.WatchedAsync(Flushed(flush));

        static async ValueTask Flushed(ValueTask<System.IO.Pipelines.FlushResult> flush) => await flush;
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
