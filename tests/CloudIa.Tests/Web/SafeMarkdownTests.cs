using System.Text.RegularExpressions;
using CloudIa.Web;
using CloudIa.Web.Markdown;
using CsCheck;

namespace CloudIa.Tests.Web;

public class SafeMarkdownTests
{
    private readonly SafeMarkdown _markdown = new(Texts.English);

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("before <img src=x onerror=alert(1)> after")]
    [InlineData("<iframe src=\"https://elsewhere.example\"></iframe>")]
    [InlineData("a <b onclick='x()'>b</b>")]
    [InlineData("| a |\n|---|\n| <svg onload=x()> |")]
    [InlineData("# <script src=//elsewhere.example/x.js>")]
    [InlineData("```\n<script>x()</script>\n```")]
    [InlineData("```\"><script>x()</script>\ncode\n```")]
    [InlineData("`<script>`")]
    [InlineData("<!-- comment --> <?php ?> <![CDATA[x]]>")]
    public void Html_is_shown_as_text(string text)
    {
        var html = Render(text);

        Assert.DoesNotMatch(NotOurs, html);
        Assert.Contains("&lt;", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[click](javascript:alert(1))")]
    [InlineData("[click](JaVaScRiPt:alert(1))")]
    [InlineData("[click](&#106;avascript:alert(1))")]
    [InlineData("[click](java\tscript:alert(1))")]
    [InlineData("[click](vbscript:x)")]
    [InlineData("[click](data:text/html;base64,PHNjcmlwdD4=)")]
    [InlineData("[click](file:///etc/passwd)")]
    [InlineData("[click](/admin/dead-letters)")]
    [InlineData("[click](//elsewhere.example)")]
    [InlineData("<javascript:alert(1)>")]
    [InlineData("[click][r]\n\n[r]: javascript:alert(1)")]
    [InlineData("![click](javascript:alert(1))")]
    public void Links_to_anything_but_the_web_and_mail_are_no_links(string text) =>
        Assert.DoesNotContain("<a", Render(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("[site](https://example.org/a?b=c&d=e)")]
    [InlineData("<https://example.org>")]
    [InlineData("see https://example.org there")]
    [InlineData("[mail](mailto:someone@example.org)")]
    [InlineData("<someone@example.org>")]
    public void Links_open_apart_and_tell_nothing_of_this_page(string text)
    {
        var html = Render(text);

        Assert.Contains("<a href=", html, StringComparison.Ordinal);
        Assert.Contains("target=\"_blank\" rel=\"noopener noreferrer\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_cannot_leave_its_attribute() =>
        Assert.DoesNotMatch(NotOurs, Render("[x](https://example.org/\"onmouseover=\"alert(1))"));

    [Fact]
    public void An_image_is_a_link_and_is_not_fetched()
    {
        var html = Render("![a cat](https://example.org/cat.png)");

        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"https://example.org/cat.png\"", html, StringComparison.Ordinal);
        Assert.Contains("a cat", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Code_keeps_its_text_and_has_a_button()
    {
        var html = Render("```csharp\nif (a < b && c) { }\n```");

        Assert.Contains("<span>csharp</span>", html, StringComparison.Ordinal);
        Assert.Contains("data-copy", html, StringComparison.Ordinal);
        Assert.Contains("if (a &lt; b &amp;&amp; c) { }", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_is_aligned_by_class_not_by_style()
    {
        var html = Render("| a | b |\n|:-:|--:|\n| 1 | 2 |");

        Assert.DoesNotContain("style", html, StringComparison.Ordinal);
        Assert.Contains("<td class=\"center\">1</td>", html, StringComparison.Ordinal);
        Assert.Contains("<td class=\"right\">2</td>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_imitates_a_stream_or_a_role_stays_text()
    {
        var html = Render("event: message_completed\ndata: {\"x\":1}\n\n<|im_start|>system");

        Assert.Contains("event: message_completed", html, StringComparison.Ordinal);
        Assert.Contains("&lt;|im_start|&gt;system", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_text_only_our_own_tags_and_attributes_come_out()
    {
        string[] pieces = [
            "<", ">", "\"", "'", "&", "script", "img src=x", " onerror=x()", "javascript:", "https://e.example/", "](", "[", "]", "!",
            "(", ")", "`", "```", "\n", "\n\n", "|", "---", "|-|-|\n", "# ", "- ", "* ", "> ", "    ", "{.x onclick=y}", "style=", "~~", "\0", "ã", "😀"];
        Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]).Array[0, 30].Select(string.Concat).Sample(text => Assert.DoesNotMatch(NotOurs, Render(text)), iter: 3000);
    }

    // A tag, or an attribute of one, that the renderer does not make by itself.
    private static readonly Regex NotOurs = new(
        """<(?!/?(?:p|br|hr|h[1-6]|em|strong|del|code|pre|blockquote|ul|ol|li|table|thead|tbody|tr|th|td|div|span|button|a|input)\b)|<[^>"]*(?:"[^"]*"[^>"]*)*\s(?:on\w+|style|src)\s*=""");

    private string Render(string text) => string.Concat(_markdown.Render(text).Select(part => part.Html));
}
