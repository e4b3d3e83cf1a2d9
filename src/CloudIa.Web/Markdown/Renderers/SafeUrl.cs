using Markdig.Renderers;

namespace CloudIa.Web.Markdown.Renderers;

/// <summary>Which addresses a text may link to.</summary>
internal static class SafeUrl
{
    /// <summary>Begins a link; false, and nothing written, where the address is not one to follow.</summary>
    public static bool Open(HtmlRenderer renderer, string? url)
    {
        // Only whole addresses: a relative one would lead into this service with its reader's session.
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https" or "mailto"))
        {
            return false;
        }

        renderer.Write("<a href=\"").WriteEscapeUrl(address.AbsoluteUri)
            .Write("\" target=\"_blank\" rel=\"noopener noreferrer\">");
        return true;
    }
}
