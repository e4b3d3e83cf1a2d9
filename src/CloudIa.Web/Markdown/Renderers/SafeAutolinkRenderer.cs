using Markdig.Renderers;
using Markdig.Renderers.Html;
using Markdig.Syntax.Inlines;

namespace CloudIa.Web.Markdown.Renderers;

/// <summary>Links written as &lt;https://…&gt; or &lt;name@host&gt;.</summary>
internal sealed class SafeAutolinkRenderer : HtmlObjectRenderer<AutolinkInline>
{
    protected override void Write(HtmlRenderer renderer, AutolinkInline link)
    {
        var opened = SafeUrl.Open(renderer, link.IsEmail ? $"mailto:{link.Url}" : link.Url);
        renderer.WriteEscape(link.Url);
        if (opened)
            renderer.Write("</a>");
    }
}
