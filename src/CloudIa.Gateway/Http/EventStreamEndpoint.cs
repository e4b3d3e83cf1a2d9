using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>One job's events as SSE, from any position, to its end.</summary>
public sealed class EventStreamEndpoint(IConversationStore store, PumpServices pump, Authentication authentication, ConnectionRegistry connections)
{
    internal const string Route = "/chat/{jobId}/events";

    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet(Route, StreamAsync);

    private async Task StreamAsync(HttpContext context)
    {
        var reading = authentication.Identify(context);
        if (reading.Error is not null)
        {
            throw new RequestRefusedException(reading.Error);
        }

        var job = authentication.JobOf(context);
        var from = PositionOf(context);

        // Followed before it is looked up, so that an end between the two is not missed.
        using var feed = await pump.Bus.FollowAsync(job.Owner, job.JobId, context.RequestAborted);
        var turn = await store.FindAsync(job, context.RequestAborted) ?? throw new RequestRefusedException(ErrorCode.NotFound);

        // What the feed has heard meanwhile comes after it: growth alone would be told from the beginning. A long text is
        // read again, and not held for a client that may not read.
        var first = turn.End is null ? new FeedItem(job.JobId, null, from)
            : turn.End.Content.Length > EventJson.LongText ? new FeedItem(job.JobId, null, Ended: true)
            : new FeedItem(job.JobId, TurnEvents.End(turn, reading.Caller.SessionId, Problems.TraceIdOf(context)));
        var connection = new StreamConnection(connections, context, feed, reading.ExpiresAt);
        connections.Add(connection);
        try
        {
            connection.BoundSends(context);
            await RunAsync(context, connection, reading.Caller.SessionId, first);
        }
        finally
        {
            connections.Remove(connection);
        }
    }

    private async Task RunAsync(HttpContext context, StreamConnection connection, string sessionId, FeedItem first)
    {
        using var left = context.RequestAborted.Register(static connection => ((StreamConnection)connection!).End(Ending.Left), connection);
        var sink = new ServerSentEvents(context.Response, connection, context.Request.Headers.AcceptLanguage);
        var running = new AnswerPump(pump, connection.Feed, sink, sessionId, Problems.TraceIdOf(context));
        try
        {
            await sink.BeginAsync();
            await running.RunAsync(first);
            if (!connection.Feed.Closed)
            {
                await sink.EndAsync();
            }
        }
        catch (Exception lost) when (lost is OperationCanceledException or IOException)
        {
            // Without the event "end": the client comes back, if it did not leave by itself.
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
