using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using CloudIa.Protocol;

namespace CloudIa.Gateway.Export;

/// <summary>A conversation to be read by people: a heading for each message, the current answers, and the texts as they are.</summary>
internal sealed class MarkdownExport(PipeWriter body, string? acceptLanguage) : ExportWriter
{
    private readonly bool portuguese = acceptLanguage?.TrimStart().StartsWith("pt", StringComparison.OrdinalIgnoreCase) == true;

    public override void Begin(ConversationView conversation, DateTimeOffset at)
    {
        Put($"# {conversation.Title.ReplaceLineEndings(" ")}\n\n*{Time(conversation.CreatedAt)} – {Time(at)}*\n\n");
        if (conversation.SystemPrompt is { } prompt)
        {
            Put($"## {(portuguese ? "Prompt de sistema" : "System prompt")}\n\n{prompt}\n\n");
        }
    }

    public override void Write(ExportedTurn turn)
    {
        Put($"## {turn.Turn}. {(portuguese ? "Você" : "You")} · {Time(turn.User.CreatedAt)}\n\n{turn.User.Content}\n\n");
        var answer = turn.Answers.LastOrDefault(answer => answer.Content.Length > 0) ?? turn.Answers[^1];
        Put($"## {turn.Turn}. Claudia{(answer.Model is { } model ? $" ({model})" : "")} · {Time(answer.CreatedAt)}\n\n");
        if (answer.Content.Length > 0)
        {
            Put($"{answer.Content}\n\n");
        }

        if (Remark(answer) is { } remark)
        {
            Put($"*{remark}*\n\n");
        }
    }

    public override void End()
    {
    }

    public override async ValueTask FlushAsync(CancellationToken cancellation) => await body.FlushAsync(cancellation);

    private string? Remark(MessageView answer) => answer.Status switch
    {
        JobStatus.Completed => null,
        JobStatus.Failed => answer.Error?.Message,
        JobStatus.Cancelled => portuguese ? "Interrompida." : "Stopped.",
        _ => portuguese ? "Ainda sem fim." : "Not finished.",
    };

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private void Put(string text) => Encoding.UTF8.GetBytes(text, body);
}
