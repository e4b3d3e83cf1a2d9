using System.Diagnostics;

namespace CloudIa.Bench.Load;

/// <summary>Measured times, sorted; in milliseconds on the outside, in Stopwatch ticks within.</summary>
internal sealed class Latencies
{
    private readonly long[] _sorted;

    public Latencies(IEnumerable<long> ticks)
    {
        _sorted = [.. ticks];
        Array.Sort(_sorted);
    }

    public int Count => _sorted.Length;

    /// <summary>The nearest-rank percentile in milliseconds; NaN where nothing was measured.</summary>
    public double Percentile(double percent)
    {
        if (_sorted.Length == 0)
            return double.NaN;

        var rank = (int)Math.Ceiling(percent / 100 * _sorted.Length) - 1;
        return _sorted[Math.Clamp(rank, 0, _sorted.Length - 1)] * 1000.0 / Stopwatch.Frequency;
    }
}
