using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax.Inlines;

namespace CloudIa.Web.Markdown.Renderers;

/// <summary>Links that may be followed, images as links to them (showing one would tell its host who reads).</summary>
internal sealed class SafeLinkRenderer(string imageText) : HtmlObjectRenderer<LinkInline>
{
    protected override void Write(HtmlRenderer renderer, LinkInline link)
    {
        var url = link.GetDynamicUrl?.Invoke() ?? link.Url;
        var opened = SafeUrl.Open(renderer, url);
        if (link.IsImage)
            renderer.Write("🖼 ");
        if (link.FirstChild is null)
            renderer.WriteEscape(link.IsImage ? imageText : url);
        else
            renderer.WriteChildren(link);
        if (opened)
            renderer.Write("</a>");
    }
}
