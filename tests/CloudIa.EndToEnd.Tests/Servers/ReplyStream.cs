using System.Text;
using Microsoft.AspNetCore.Http;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>Writes one streamed reply, in order and with its faults.</summary>
internal sealed class ReplyStream(HttpContext http, ModelWire wire, ModelReply reply, ModelCall call)
{
    private static readonly TimeSpan BetweenParts = TimeSpan.FromMilliseconds(1);

    public async Task Send()
    {
        http.Response.ContentType = "text/event-stream";
        if (reply.HeadersAtOnce) await http.Response.StartAsync(http.RequestAborted);
        for (var sent = 0; sent < reply.Pieces.Count; sent++)
        {
            await Due(sent);
            if (sent == 0) await Write(wire.Opening);
            if (reply.Pace > TimeSpan.Zero) await Task.Delay(reply.Pace, TimeProvider.System, http.RequestAborted);
            await Write(wire.Piece(reply.Pieces[sent]));
            call.Spoke();
        }

        await Due(reply.Pieces.Count);
        await (reply.Ending switch
        {
            ReplyEnding.Whole => Write(wire.Closing),
            ReplyEnding.ErrorInStream => Write(wire.Overloaded),
            _ => Task.CompletedTask,
        });
        if (reply.Ending == ReplyEnding.Reset) http.Abort();
    }

    private async Task Due(int sent)
    {
        if (reply.Gate is { } gate && sent == reply.GateAfter) await gate.WaitAsync(http.RequestAborted);
        reply.Sending?.Invoke(sent);
    }

    private async Task Write(string events)
    {
        var bytes = Encoding.UTF8.GetBytes(events);
        for (var from = 0; from < bytes.Length;)
        {
            if (from > 0) await Task.Delay(BetweenParts, TimeProvider.System, http.RequestAborted);
            var to = bytes.Length - from > reply.BytesAWrite ? from + reply.BytesAWrite : bytes.Length;
            await http.Response.Body.WriteAsync(bytes.AsMemory(from, to - from), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            from = to;
        }
    }
}
