using System.Buffers.Text;
using System.Globalization;
using CloudIa.Bench.Comparators;

namespace CloudIa.Bench.Load;

/// <summary>The times at which the paced model sent the chunks of a frame: <c>foreach (var sent in Stamps.In(frame))</c>.</summary>
internal ref struct Stamps(ReadOnlySpan<byte> frame)
{
    private ReadOnlySpan<byte> _rest = frame;
    private long _current;

    public readonly long Current => _current;

    public static Stamps In(ReadOnlySpan<byte> frame) => new(frame);

    public readonly Stamps GetEnumerator() => this;

    public bool MoveNext()
    {
        var at = _rest.IndexOf(PacedModel.Mark);
        if (at < 0)
            return false;

        _rest = _rest[(at + 1)..];
        return Utf8Parser.TryParse(_rest, out _current, out _, 'x')
            ? true
            : throw new IOException(string.Create(CultureInfo.InvariantCulture, $"No stamp in a chunk of {_rest.Length} bytes."));
    }
}
