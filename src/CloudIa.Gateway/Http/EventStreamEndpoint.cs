using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace CloudIa.Gateway.Http;

/// <summary>One job's events as SSE, from any position, to its end.</summary>
public sealed class EventStreamEndpoint(
    IConversationStore store,
    IDeliveryBus bus,
    Authentication authentication,
    GatewayOptions options,
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet("/chat/{jobId}/events", StreamAsync);

    private async Task StreamAsync(HttpContext context)
    {
        var reading = authentication.Identify(context);
        if (reading.Error is not null)
        {
            throw new RequestRefusedException(reading.Error);
        }

        var job = new JobKey(reading.Caller.Owner, (string)context.Request.RouteValues["jobId"]!);
        var from = PositionOf(context);

        // Followed before it is looked up, so that an end between the two is not missed.
        using var feed = bus.Follow(job.Owner, job.JobId);
        var turn = await store.FindAsync(job, context.RequestAborted) ?? throw new RequestRefusedException(ErrorCode.NotFound);
        if (turn.End is null)
        {
            feed.Resume(job.JobId, from);
        }
        else
        {
            feed.Announce(job.JobId, TurnEvents.End(turn, reading.Caller.SessionId, Problems.TraceIdOf(context)));
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var sink = new ServerSentEvents(context.Response, context.Request.Headers.AcceptLanguage);
        using var pump = new AnswerPump(bus, feed, sink, TimeSpan.FromMilliseconds(options.CoalesceMilliseconds), time);
        var beating = Task.CompletedTask;
        try
        {
            await sink.BeginAsync(ending.Token);
            beating = BeatAsync(sink, ending.Token);
            await pump.RunAsync(ending.Token);
            if (!feed.Overrun)
            {
                await sink.EndAsync(ending.Token);
            }
        }
        catch (Exception error) when (ending.IsCancellationRequested && error is OperationCanceledException or IOException)
        {
            // The client left, or this process is leaving: a plain close, and the client comes back.
        }
        finally
        {
            await ending.CancelAsync();
            await beating;
        }
    }

    private async Task BeatAsync(ServerSentEvents sink, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(options.SseHeartbeatSeconds), time, cancellation);
                await sink.BeatAsync(cancellation);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The stream has ended.
        }
    }

    private static Position PositionOf(HttpContext context)
    {
        if (context.Request.Headers["Last-Event-ID"] is not [{ Length: > 0 } id])
        {
            return Position.Start;
        }

        return Position.TryParse(id, out var position) ? position : throw new RequestRefusedException(ErrorCode.InvalidRequest, "Last-Event-ID");
    }
}
