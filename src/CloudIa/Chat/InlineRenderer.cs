using Markdig.Extensions.TaskLists;
using Markdig.Syntax.Inlines;
using Spectre.Console;

namespace CloudIa.Chat;

/// <summary>The text inside a block: emphasis as the terminal has it, a link with its address beside it.</summary>
internal static class InlineRenderer
{
    public static Paragraph Render(ContainerInline? inlines, Style style)
    {
        var paragraph = new Paragraph();
        if (inlines is not null)
            Append(paragraph, inlines, style);
        return paragraph;
    }

    private static void Append(Paragraph paragraph, Inline inline, Style style)
    {
        switch (inline)
        {
            case LiteralInline literal:
                paragraph.Append(literal.Content.ToString(), style);
                break;
            case CodeInline code:
                paragraph.Append(code.Content, new Style(Color.Aqua));
                break;
            case LineBreakInline lineBreak:
                paragraph.Append(lineBreak.IsHard ? "\n" : " ", style);
                break;
            case AutolinkInline link:
                paragraph.Append(link.Url, With(style, Decoration.Underline));
                break;
            case HtmlEntityInline entity:
                paragraph.Append(entity.Transcoded.ToString(), style);
                break;
            case TaskList task:
                paragraph.Append(task.Checked ? "☑ " : "☐ ", style);
                break;
            case LinkInline link:
                AppendChildren(paragraph, link, With(style, Decoration.Underline));
                // Always shown: a name must not hide where it leads.
                paragraph.Append($" ({link.Url})", new Style(Color.Grey));
                break;
            case EmphasisInline emphasis:
                AppendChildren(paragraph, emphasis, With(style, emphasis switch
                {
                    { DelimiterChar: '~' } => Decoration.Strikethrough,
                    { DelimiterCount: >= 2 } => Decoration.Bold,
                    _ => Decoration.Italic,
                }));
                break;
            case ContainerInline container:
                AppendChildren(paragraph, container, style);
                break;
            default:
                break;
        }
    }

    private static void AppendChildren(Paragraph paragraph, ContainerInline container, Style style)
    {
        foreach (var child in container)
            Append(paragraph, child, style);
    }

    private static Style With(Style style, Decoration decoration) =>
        new(style.Foreground, style.Background, style.Decoration | decoration);
}
