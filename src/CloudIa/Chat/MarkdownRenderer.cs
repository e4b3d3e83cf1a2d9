using System.Globalization;
using Markdig;
using Markdig.Syntax;
using Spectre.Console;
using Spectre.Console.Rendering;
using MarkdownCell = Markdig.Extensions.Tables.TableCell;
using MarkdownRow = Markdig.Extensions.Tables.TableRow;
using MarkdownTable = Markdig.Extensions.Tables.Table;

namespace CloudIa.Chat;

/// <summary>Blocks of Markdown as a terminal can show them.</summary>
internal static class MarkdownRenderer
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder()
        .DisableHtml()
        .UsePipeTables()
        .UseTaskLists()
        .UseEmphasisExtras(Markdig.Extensions.EmphasisExtras.EmphasisExtraOptions.Strikethrough)
        .Build();

    public static MarkdownDocument Parse(string text) => Markdown.Parse(text, Pipeline);

    public static IRenderable Render(Block block) => block switch
    {
        HeadingBlock heading => InlineRenderer.Render(heading.Inline, new Style(Color.Blue, decoration: Decoration.Bold)),
        MarkdownTable table => OfTable(table),
        CodeBlock code => OfCode(code),
        ListBlock list => OfList(list),
        QuoteBlock quote => new Padder(OfMany(quote), new Padding(2, 0, 0, 0)),
        ThematicBreakBlock => new Rule { Style = new Style(Color.Grey) },
        LinkReferenceDefinitionGroup => new Text(""),
        LeafBlock leaf => InlineRenderer.Render(leaf.Inline, Style.Plain),
        ContainerBlock container => OfMany(container),
        _ => new Text(""),
    };

    private static Rows OfMany(ContainerBlock container) => new(container.Select(Render));

    private static Panel OfCode(CodeBlock code)
    {
        var panel = new Panel(new Text(code.Lines.ToString(), new Style(Color.Aqua)))
        {
            Border = BoxBorder.Rounded,
            BorderStyle = new Style(Color.Grey),
        };
        if (code is FencedCodeBlock { Info: { Length: > 0 } language })
            panel.Header = new PanelHeader(Markup.Escape(language));
        return panel;
    }

    private static Grid OfList(ListBlock list)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().PadLeft(1).PadRight(1));
        grid.AddColumn(new GridColumn().PadLeft(0).PadRight(0));
        var number = int.TryParse(list.OrderedStart, NumberStyles.None, CultureInfo.InvariantCulture, out var first) ? first : 1;
        foreach (var item in list.OfType<ListItemBlock>())
        {
            var mark = list.IsOrdered ? string.Create(CultureInfo.InvariantCulture, $"{number++}.") : "•";
            grid.AddRow(new Text(mark, new Style(Color.Grey)), OfMany(item));
        }

        return grid;
    }

    private static Table OfTable(MarkdownTable markdown)
    {
        var table = new Table { Border = TableBorder.Rounded, BorderStyle = new Style(Color.Grey) };
        var rows = markdown.OfType<MarkdownRow>().ToArray();
        var columns = rows.Max(row => row.Count);
        for (var i = 0; i < columns; i++)
        {
            var head = rows[0].IsHeader && i < rows[0].Count ? OfMany((MarkdownCell)rows[0][i]) : new Rows();
            table.AddColumn(new TableColumn(head));
        }

        foreach (var row in rows.SkipWhile(row => row.IsHeader))
            table.AddRow(row.OfType<MarkdownCell>().Select(OfMany));
        return table;
    }
}
