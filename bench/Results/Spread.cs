namespace CloudIa.Bench.Results;

/// <summary>The median of a figure's repeats, and the least and the greatest of them.</summary>
internal sealed record Spread(double Median, double Least, double Greatest)
{
    public static Spread Of(IReadOnlyCollection<double> samples)
    {
        if (samples.Count == 0)
            return new Spread(double.NaN, double.NaN, double.NaN);

        var sorted = samples.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }
}
