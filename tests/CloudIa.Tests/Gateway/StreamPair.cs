using System.IO.Pipelines;

namespace CloudIa.Tests.Gateway;

/// <summary>Two ends of a connection in memory: what one writes, the other reads.</summary>
internal sealed class StreamPair(Stream reads, Stream writes) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public static (Stream Near, Stream Far) Create()
    {
        // No back pressure: tests write before they read.
        var unlimited = new PipeOptions(pauseWriterThreshold: 0);
        var (there, back) = (new Pipe(unlimited), new Pipe(unlimited));
        return (new StreamPair(back.Reader.AsStream(), there.Writer.AsStream()), new StreamPair(there.Reader.AsStream(), back.Writer.AsStream()));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => reads.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => writes.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => writes.FlushAsync(cancellationToken);

    public override void Flush() => writes.Flush();

    public override int Read(byte[] buffer, int offset, int count) => reads.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count) => writes.Write(buffer, offset, count);

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            writes.Dispose();
            reads.Dispose();
        }

        base.Dispose(disposing);
    }
}
