using CloudIa.Core.Conversations;
using CloudIa.Core.History;
using CloudIa.Core.Model;
using CloudIa.Core.Queue;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace CloudIa.Gateway.Http;

/// <summary>What operators see and do: the queue, and the messages that were given up.</summary>
public sealed partial class AdminEndpoints(
    IJobQueue queue, DeadLetterDesk desk, IConversationStore store, ModelCatalog models, AdminAccess access, TimeProvider time, ILogger<AdminEndpoints> logger)
{
    /// <summary>Letters that one call redrives or discards at most: each is a write of its own.</summary>
    private const int MaxBatch = 1000;

    internal void Map(IEndpointRouteBuilder routes)
    {
        var admin = routes.MapGroup("/admin");
        admin.MapGet("/queue", Guarded(GetQueueAsync));
        admin.MapGet("/dead-letters", Guarded(ListAsync));
        admin.MapGet("/dead-letters/{id}", Guarded(GetAsync));
        admin.MapPost("/dead-letters/{id}/redrive", Guarded(RedriveAsync));
        admin.MapPost("/dead-letters/redrive", Guarded(RedriveAllAsync));
        admin.MapDelete("/dead-letters/{id}", Guarded(DiscardAsync));
        admin.MapDelete("/dead-letters", Guarded(DiscardAllAsync));
    }

    private RequestDelegate Guarded(RequestDelegate call) => context =>
    {
        access.Check(context);
        context.Response.Headers.CacheControl = "no-store";
        return call(context);
    };

    private async Task GetQueueAsync(HttpContext context)
    {
        var depth = await queue.MeasureAsync(context.RequestAborted);
        var view = new QueueView
        {
            Waiting = depth.Waiting,
            OldestEnqueuedAt = depth.OldestEnqueuedAt,
            OldestAgeSeconds = depth.OldestEnqueuedAt is { } oldest ? Math.Max(0, Math.Round((time.GetUtcNow() - oldest).TotalSeconds, 3)) : null,
            DeadLetters = depth.DeadLetters,
            Models = [.. models.Models.Select(ModelStates.Of)],
        };
        await Json.WriteAsync(context, view, ProtocolJson.Wire.QueueView);
    }

    private async Task ListAsync(HttpContext context)
    {
        var limit = PageQuery.LimitOf(context);
        var letters = await queue.ListDeadLettersAsync(PageQuery.CursorOf(context), limit + 1, context.RequestAborted);
        var rows = new List<DeadLetterView>();
        foreach (var letter in letters.Take(limit))
        {
            rows.Add(DeadLetterViews.Row(letter, await FindTurnAsync(letter, context.RequestAborted)));
        }

        await Json.WriteAsync(context, new Page<DeadLetterView>(rows, letters.Count > limit ? rows[^1].Id : null), ProtocolJson.Wire.DeadLetterPage);
    }

    private async Task GetAsync(HttpContext context)
    {
        var letter = await LetterOfAsync(context);
        await Json.WriteAsync(
            context, DeadLetterViews.Whole(letter, await FindTurnAsync(letter, context.RequestAborted)), ProtocolJson.Wire.DeadLetterView);
    }

    private async Task RedriveAsync(HttpContext context)
    {
        var letter = await LetterOfAsync(context);
        switch (await desk.RedriveAsync(letter, context.RequestAborted))
        {
            case RedriveResult.NotFound:
                throw new RequestRefusedException(ErrorCode.NotFound);
            case RedriveResult.Unreadable:
                throw new RequestRefusedException(ErrorCode.MessageUnreadable);
        }

        LogRedriven(letter.Id, letter.Job.JobId);
        var view = new RedriveView
        {
            Id = letter.Id,
            JobId = letter.Job.JobId,
            ConversationId = letter.Job.ConversationId,
            Status = JobStatus.Queued,
        };
        await Json.WriteAsync(context, view, ProtocolJson.Wire.RedriveView, StatusCodes.Status202Accepted);
    }

    private async Task RedriveAllAsync(HttpContext context)
    {
        var batch = await desk.RedriveAsync(SweepOf(context), PageQuery.LimitOf(context, MaxBatch, MaxBatch), context.RequestAborted);
        LogManyRedriven(batch.Done);
        await Json.WriteAsync(
            context,
            new DeadLetterBatch { Redriven = batch.Done, Unreadable = batch.Unreadable, NextCursor = SweepCursor.Format(batch.Rest) },
            ProtocolJson.Wire.DeadLetterBatch);
    }

    private async Task DiscardAsync(HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        if (!await queue.DiscardAsync(id, context.RequestAborted))
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        LogDiscarded(id);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task DiscardAllAsync(HttpContext context)
    {
        // A call for one letter whose id came out empty leads here.
        if (context.Request.Query["all"] is not ["true"])
        {
            throw new RequestRefusedException(ErrorCode.InvalidRequest, "all=true: every dead letter is meant");
        }

        var batch = await desk.DiscardAsync(SweepOf(context), PageQuery.LimitOf(context, MaxBatch, MaxBatch), context.RequestAborted);
        LogManyDiscarded(batch.Done);
        await Json.WriteAsync(
            context,
            new DeadLetterBatch { Discarded = batch.Done, NextCursor = SweepCursor.Format(batch.Rest) },
            ProtocolJson.Wire.DeadLetterBatch);
    }

    private async Task<DeadLetter> LetterOfAsync(HttpContext context) =>
        await queue.FindDeadLetterAsync((string)context.Request.RouteValues["id"]!, context.RequestAborted)
        ?? throw new RequestRefusedException(ErrorCode.NotFound);

    private LetterSweep SweepOf(HttpContext context) => SweepCursor.Parse(PageQuery.CursorOf(context)) ?? desk.Sweep();

    /// <summary>What the history adds; a letter is shown without it, too.</summary>
    private async Task<Turn?> FindTurnAsync(DeadLetter letter, CancellationToken cancellation)
    {
        try
        {
            return await store.FindAsync(letter.Job.Key, cancellation);
        }
        catch (HistoryUnavailableException error)
        {
            LogHistoryAway(error, letter.Id);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Dead letter {Id}, job {JobId}, was redriven.")]
    private partial void LogRedriven(string id, string jobId);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} dead letters were redriven.")]
    private partial void LogManyRedriven(int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Dead letter {Id} was discarded.")]
    private partial void LogDiscarded(string id);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} dead letters were discarded.")]
    private partial void LogManyDiscarded(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The history said nothing of dead letter {Id}.")]
    private partial void LogHistoryAway(Exception error, string id);
}
