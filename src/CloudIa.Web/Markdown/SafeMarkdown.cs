using CloudIa.Web.Markdown.Renderers;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Renderers.Html.Inlines;
using Markdig.Syntax;

namespace CloudIa.Web.Markdown;

/// <summary>
/// Markdown to HTML for text that nobody vouches for: HTML in it is shown as text, nothing is fetched, links go
/// to the web or to a mail address and nowhere else, and no inline style comes out, which the page's content
/// security policy would refuse.
/// </summary>
public sealed class SafeMarkdown(Texts texts)
{
    // Picked one by one: the "advanced" set has generic attributes, by which text could set any attribute.
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .DisableHtml()
        .UsePipeTables()
        .UseTaskLists()
        .UseEmphasisExtras(Markdig.Extensions.EmphasisExtras.EmphasisExtraOptions.Strikethrough)
        .UseAutoLinks()
        .Build();

    /// <summary>The blocks of a text, each with the place in the text where it begins.</summary>
    public IReadOnlyList<MarkdownPart> Render(string text)
    {
        var document = Markdig.Markdown.Parse(text, Pipeline);
        var parts = new List<MarkdownPart>(document.Count);
        foreach (var block in document)
        {
            if (block is LinkReferenceDefinitionGroup)
                continue;

            using var html = new StringWriter();
            var renderer = NewRenderer(html);
            foreach (var table in block is Table self ? [self] : block.Descendants().OfType<Table>())
                AlignByClass(table);
            renderer.Render(block);
            parts.Add(new MarkdownPart(block.Span.Start, html.ToString()));
        }

        return parts;
    }

    private HtmlRenderer NewRenderer(StringWriter html)
    {
        var renderer = new HtmlRenderer(html);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.Replace<LinkInlineRenderer>(new SafeLinkRenderer(texts.Image));
        renderer.ObjectRenderers.Replace<AutolinkInlineRenderer>(new SafeAutolinkRenderer());
        renderer.ObjectRenderers.Replace<CodeBlockRenderer>(new CopyableCodeRenderer(texts.Copy));
        return renderer;
    }

    private static void AlignByClass(Table table)
    {
        foreach (var row in table.OfType<TableRow>())
        {
            for (var i = 0; i < row.Count; i++)
            {
                var column = i < table.ColumnDefinitions.Count ? table.ColumnDefinitions[i].Alignment : null;
                if (column is TableColumnAlign.Center or TableColumnAlign.Right)
                    row[i].GetAttributes().AddClass(column == TableColumnAlign.Center ? "center" : "right");
            }
        }

        foreach (var column in table.ColumnDefinitions)
            column.Alignment = null;
    }
}

/// <summary>One block of a rendered text.</summary>
/// <param name="Start">Where its source begins, in UTF-16 units.</param>
/// <param name="Html">Safe HTML.</param>
public readonly record struct MarkdownPart(int Start, string Html);
