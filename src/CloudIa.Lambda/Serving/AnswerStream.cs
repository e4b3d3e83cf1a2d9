namespace CloudIa.Lambda.Serving;

/// <summary>Takes the body of an answer, until it is longer than any can be; what comes then is counted and not kept.</summary>
/// <param name="most">The longest body, in bytes.</param>
/// <param name="begin">Called before the first byte.</param>
internal sealed class AnswerStream(int most, Func<Task> begin) : Stream
{
    private readonly MemoryStream kept = new();
    private long written;

    public bool Overflowed => written > most;

    public ReadOnlySpan<byte> Bytes => kept.GetBuffer().AsSpan(0, (int)kept.Length);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => written;

    public override long Position
    {
        get => written;
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await begin();
        Keep(buffer.Span);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) =>
        throw new InvalidOperationException("Answers are written asynchronously.");

    public override Task FlushAsync(CancellationToken cancellationToken) => begin();

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        written += bytes.Length;
        if (Overflowed)
        {
            kept.SetLength(0);
            return;
        }

        kept.Write(bytes);
    }
}
