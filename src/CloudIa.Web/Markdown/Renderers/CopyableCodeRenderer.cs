using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax;

namespace CloudIa.Web.Markdown.Renderers;

/// <summary>A code block with its language and a button; the page's script does the copying.</summary>
internal sealed class CopyableCodeRenderer(string copy) : HtmlObjectRenderer<CodeBlock>
{
    protected override void Write(HtmlRenderer renderer, CodeBlock block)
    {
        renderer.Write("<div class=\"code\"><div class=\"code-head\"><span>");
        renderer.WriteEscape((block as FencedCodeBlock)?.Info ?? "");
        renderer.Write("</span><button type=\"button\" data-copy>").WriteEscape(copy);
        renderer.Write("</button></div><pre tabindex=\"0\"><code>");
        renderer.WriteLeafRawLines(block, writeEndOfLines: true, escape: true);
        renderer.Write("</code></pre></div>");
    }
}
