using System.Globalization;
using System.Text;

namespace CloudIa.Bench.Results;

/// <summary>The rows as a Markdown table: medians with ranges, the goal beside, pass, short or failed.</summary>
internal static class MarkdownTable
{
    public static string Of(IReadOnlyList<RowResult> rows)
    {
        var text = new StringBuilder()
            .AppendLine("| # | figure | ours | comparator | compared | goal | |")
            .AppendLine("|-|-|-|-|-|-|-|");
        foreach (var row in rows)
        {
            foreach (var figure in row.Figures)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {row.Row} | {row.Title}: {figure.Name} ")
                    .Append(CultureInfo.InvariantCulture, $"| {Format(figure.Ours, figure.Unit)} | {Format(figure.Theirs, figure.Unit)} ")
                    .Append(CultureInfo.InvariantCulture, $"| {Format(figure.Compared, figure.Goal?.Unit ?? figure.Unit)} | {figure.Goal} | {figure.Verdict} |")
                    .AppendLine();
            }
        }

        var notes = rows.SelectMany(row => row.Notes.Concat(row.Figures.Where(figure => figure.Errors > 0).Select(Failure))
            .Select(note => string.Create(CultureInfo.InvariantCulture, $"{row.Row}: {note}")));
        return text.AppendLine().AppendJoin('\n', notes.Select(note => $"- {note}")).ToString();
    }

    private static string Failure(Figure figure) => string.Create(
        CultureInfo.InvariantCulture, $"{figure.Name}: {figure.Errors} errors, the first: {figure.FirstError}");

    private static string Format(IReadOnlyList<double> samples, string unit)
    {
        if (samples.Count == 0)
            return "";

        var spread = Spread.Of(samples);
        var digits = Math.Abs(spread.Median) >= 100 ? "0" : Math.Abs(spread.Median) >= 10 ? "0.0" : "0.00";
        var values = string.Format(
            CultureInfo.InvariantCulture,
            $"{{0:{digits}}} ({{1:{digits}}}–{{2:{digits}}})",
            spread.Median, spread.Least, spread.Greatest);
        return unit.Length > 0 ? $"{values} {unit}" : values;
    }
}
