using System.Globalization;
using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace CloudIa.Gateway.Http;

/// <summary>An owner's conversations and what was said in them, by cursor pages.</summary>
public sealed class ConversationEndpoints(IConversationStore store, IDeliveryBus bus, RequestLimit requests, Authentication authentication)
{
    internal void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/conversations", ListAsync);
        routes.MapGet("/conversations/{conversationId}", GetAsync);
        routes.MapGet("/conversations/{conversationId}/messages", ReadMessagesAsync);
        routes.MapGet("/conversations/{conversationId}/turns/{turn}/versions", ReadVersionsAsync);
    }

    private async Task ListAsync(HttpContext context)
    {
        var caller = authentication.CallerOf(context);
        var limit = PageQuery.LimitOf(context);
        var after = ListCursor.Parse(PageQuery.CursorOf(context));
        var text = SearchOf(context);
        if (text is not null && !await requests.AdmitsAsync(context, caller.Owner))
        {
            return;
        }

        var found = text is not null
            ? await store.SearchAsync(caller.Owner, text, after, limit + 1, context.RequestAborted)
            : await store.ListAsync(caller.Owner, after, limit + 1, context.RequestAborted);
        var page = found.Take(limit).ToList();
        await Json.WriteAsync(
            context,
            new Page<ConversationView>([.. page.Select(ConversationViews.Of)], found.Count > limit ? ListCursor.Format(page[^1]) : null),
            ProtocolJson.Wire.ConversationPage);
    }

    private async Task GetAsync(HttpContext context)
    {
        var conversation = await store.FindConversationAsync(authentication.ConversationOf(context), context.RequestAborted);
        await Json.WriteAsync(
            context,
            ConversationViews.Of(conversation ?? throw new RequestRefusedException(ErrorCode.NotFound)),
            ProtocolJson.Wire.ConversationView);
    }

    private async Task ReadMessagesAsync(HttpContext context)
    {
        var key = authentication.ConversationOf(context);
        var limit = PageQuery.LimitOf(context);
        var cursor = MessageCursor.Parse(PageQuery.CursorOf(context));
        if (await store.FindConversationAsync(key, context.RequestAborted) is null)
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        // Every turn has one or two messages, so as many turns as messages are always enough.
        var pending = cursor is null ? await store.ReadPendingAsync(key, limit + 1, context.RequestAborted) : [];
        var turns = await store.ReadTurnsAsync(key, cursor?.Before, limit + 1, context.RequestAborted);
        var items = new List<MessageView>();
        items.AddRange(TurnViews.Waiting(pending, turns).Select(TurnViews.UserMessage));
        foreach (var turn in turns)
        {
            if (cursor is not { UserOnly: true } || turn.Number != cursor.Value.Before - 1)
            {
                items.Add(await AnswerAsync(context, key.Owner, turn));
            }

            items.Add(TurnViews.UserMessage(turn));
            if (items.Count > limit)
            {
                break;
            }
        }

        var page = items.Take(limit).ToList();
        var next = items.Count > limit ? MessageCursor.After(page[^1]) : null;
        await Json.WriteAsync(context, new Page<MessageView>(page, next), ProtocolJson.Wire.MessagePage);
    }

    private async Task ReadVersionsAsync(HttpContext context)
    {
        var key = authentication.ConversationOf(context);
        var versions = int.TryParse((string)context.Request.RouteValues["turn"]!, NumberStyles.None, CultureInfo.InvariantCulture, out var turn)
            ? await store.ReadVersionsAsync(key, turn, context.RequestAborted)
            : [];
        if (versions.Count == 0)
        {
            throw new RequestRefusedException(ErrorCode.NotFound);
        }

        var items = new List<MessageView>(versions.Count);
        foreach (var version in versions)
        {
            items.Add(await AnswerAsync(context, key.Owner, version));
        }

        await Json.WriteAsync(context, new Page<MessageView>(items, null), ProtocolJson.Wire.MessagePage);
    }

    /// <summary>A turn's answer; while it runs, with what was streamed so far.</summary>
    private async ValueTask<MessageView> AnswerAsync(HttpContext context, string owner, Turn turn)
    {
        var running = turn.End is null ? await bus.ReadAsync(new JobKey(owner, turn.JobId), Position.Start, context.RequestAborted) : null;
        return TurnViews.AssistantMessage(turn, running, context.Request.Headers.AcceptLanguage);
    }

    private static string? SearchOf(HttpContext context)
    {
        string? text = context.Request.Query["q"];
        return text?.Length > SearchWords.MaxLength
            ? throw new RequestRefusedException(ErrorCode.InvalidRequest, $"q: at most {SearchWords.MaxLength} characters")
            : string.IsNullOrWhiteSpace(text) ? null : text;
    }
}
