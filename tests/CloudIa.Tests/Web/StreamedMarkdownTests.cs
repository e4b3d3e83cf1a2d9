using CloudIa.Web;
using CloudIa.Web.Markdown;
using CsCheck;

namespace CloudIa.Tests.Web;

public class StreamedMarkdownTests
{
    private static readonly SafeMarkdown Markdown = new(Texts.English);

    private static readonly string[] Pieces =
    [
        "word", " ", "\n", "\n\n", "# ", "- item", "1. one", "  - inner", "> ", "```", "```cs\n", "    indented", "*", "**", "`", "|a|b|\n", "|-|-|\n",
        "---", "===", "\t", "https://example.org", "[x](https://example.org)", "~~",
    ];

    private static readonly Gen<string> Sources =
        Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 40].Select(string.Concat);

    [Fact]
    public void Text_shown_piece_by_piece_looks_as_text_shown_at_once()
    {
        Gen.Select(Sources, Gen.Int[1, 9].Array[1, 8]).Sample((text, cuts) =>
        {
            var streamed = new StreamedMarkdown(Markdown);
            for (int at = 0, i = 0; at < text.Length; i++)
            {
                at = Math.Min(text.Length, at + cuts[i % cuts.Length]);
                streamed.Show(text[..at], whole: false);
            }

            Assert.Equal(Markdown.Render(text).Select(part => part.Html), streamed.Parts.Select(part => part.Html));
        }, iter: 3000);
    }

    [Fact]
    public void Blocks_above_the_last_one_stay_as_they_are()
    {
        var streamed = new StreamedMarkdown(Markdown);
        streamed.Show("# Title\n\nFirst.\n\nSecond.\n\nTh", whole: false);
        var before = streamed.Parts.ToArray();

        streamed.Show("# Title\n\nFirst.\n\nSecond.\n\nThird.", whole: false);

        Assert.Equal(4, streamed.Parts.Count);
        Assert.Same(before[0].Html, streamed.Parts[0].Html);
        Assert.Same(before[1].Html, streamed.Parts[1].Html);
    }

    [Fact]
    public void Another_text_replaces_the_one_before()
    {
        var streamed = new StreamedMarkdown(Markdown);
        streamed.Show("The first attempt.\n\nIt goes", whole: false);

        streamed.Show("Again", whole: false);

        Assert.Equal(["<p>Again</p>\n"], streamed.Parts.Select(part => part.Html));
    }

    [Fact]
    public void A_link_defined_at_the_end_is_there_once_the_text_is_whole()
    {
        var streamed = new StreamedMarkdown(Markdown);
        const string Text = "See [it][1].\n\nMore.\n\n[1]: https://example.org";
        streamed.Show(Text[..20], whole: false);

        streamed.Show(Text, whole: true);

        Assert.Contains("href=\"https://example.org/\"", streamed.Parts[0].Html, StringComparison.Ordinal);
    }
}
