using CloudIa.Core.Conversations;
using CloudIa.Core.Delivery;
using CloudIa.Core.History;
using CloudIa.Gateway.Errors;
using CloudIa.Gateway.Export;
using CloudIa.Gateway.Identity;
using CloudIa.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace CloudIa.Gateway.Http;

/// <summary>A whole conversation as a download, read and sent a few turns at a time: however long it is, a few are in memory.</summary>
public sealed class ExportEndpoint(IConversationStore store, IDeliveryBus bus, Authentication authentication, TimeProvider time)
{
    /// <summary>Turns in one read. A turn may hold a MiB for each of its answers.</summary>
    private const int PageSize = 10;

    internal void Map(IEndpointRouteBuilder routes) => routes.MapGet("/conversations/{conversationId}/export", ExportAsync);

    private async Task ExportAsync(HttpContext context)
    {
        var key = authentication.ConversationOf(context);
        var json = (string?)context.Request.Query["format"] switch
        {
            null or "" or "markdown" => false,
            "json" => true,
            _ => throw new RequestRefusedException(ErrorCode.InvalidRequest, "format: markdown or json"),
        };
        var conversation = await store.FindConversationAsync(key, context.RequestAborted) ?? throw new RequestRefusedException(ErrorCode.NotFound);

        // Before anything is written: an engine that is away is still told as a problem.
        var page = await store.ReadTurnsAfterAsync(key, 0, PageSize, context.RequestAborted);
        context.Response.ContentType = json ? "application/json" : "text/markdown; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentDisposition = Attachment(conversation.Title, json ? ".json" : ".md");
        await using ExportWriter writer = json
            ? new JsonExport(context.Response.BodyWriter)
            : new MarkdownExport(context.Response.BodyWriter, context.Request.Headers.AcceptLanguage);
        writer.Begin(ConversationViews.Of(conversation), time.GetUtcNow());
        for (var turn = 0; turn < conversation.Turns;)
        {
            foreach (var next in page.TakeWhile(next => next.Number <= conversation.Turns))
            {
                writer.Write(await TurnAsync(context, key, next));
                turn = next.Number!.Value;
            }

            if (page.Count == 0)
            {
                // Deleted meanwhile. A file that ends well would pass for the whole.
                context.Abort();
                return;
            }

            await writer.FlushAsync(context.RequestAborted);
            page = turn < conversation.Turns ? await store.ReadTurnsAfterAsync(key, turn, PageSize, context.RequestAborted) : [];
        }

        writer.End();
        await writer.FlushAsync(context.RequestAborted);
    }

    private async Task<ExportedTurn> TurnAsync(HttpContext context, ConversationKey key, Turn current)
    {
        IReadOnlyList<Turn> versions = current.Versions == 1 ? [current] : await store.ReadVersionsAsync(key, current.Number!.Value, context.RequestAborted);
        var answers = new List<MessageView>(versions.Count);
        foreach (var version in versions)
        {
            var running = version.End is null ? await bus.ReadAsync(new JobKey(key.Owner, version.JobId), Position.Start, context.RequestAborted) : null;
            answers.Add(TurnViews.AssistantMessage(version, running, context.Request.Headers.AcceptLanguage));
        }

        return new ExportedTurn { Turn = current.Number!.Value, User = TurnViews.UserMessage(current), Answers = answers };
    }

    /// <summary>The title as the file's name (RFC 6266): in full, and in ASCII for those who read no more.</summary>
    private static string Attachment(string title, string ending)
    {
        Span<char> name = stackalloc char[title.Length];
        for (var i = 0; i < title.Length; i++)
        {
            name[i] = char.IsControl(title[i]) || "\\/:*?\"<>|%".Contains(title[i], StringComparison.Ordinal) ? '_' : title[i];
        }

        var safe = name.Trim(" .").ToString();
        var attachment = new ContentDispositionHeaderValue("attachment");
        attachment.SetHttpFileName((safe.Length == 0 ? "conversation" : safe) + ending);
        return attachment.ToString();
    }
}
