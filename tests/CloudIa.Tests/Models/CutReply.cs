namespace CloudIa.Tests.Models;

/// <summary>How a recorded stream is sent: which of its bytes, in which writes, and what comes after the last.</summary>
internal sealed class CutReply(RecordedStream stream)
{
    private readonly Lock gate = new();
    private int shown;
    private (int Length, TaskCompletionSource Reached)? awaited;

    public RecordedStream Stream { get; } = stream;

    /// <summary>Other than 200: an error answer, and no stream.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Its Retry-After, as it stands in the header.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>Writes end at these bytes, and at <see cref="End"/>.</summary>
    public IEnumerable<int> Cuts { get; init; } = [];

    /// <summary>What passes between two writes where no text shows that the first was read.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>How many bytes are sent.</summary>
    public int End { get; init; } = stream.Bytes.Length;

    /// <summary>After the last byte the connection is reset; else the response ends in good order.</summary>
    public bool Reset { get; init; }

    /// <summary>To be called by the reader: so much of the answer has come to it.</summary>
    public void Show(int length)
    {
        lock (gate)
        {
            shown = length;
            if (awaited is { } waiting && waiting.Length <= shown)
            {
                waiting.Reached.TrySetResult();
            }
        }
    }

    /// <summary>Until the reader has shown so much: then it has read all that was written.</summary>
    public Task Shows(int length)
    {
        lock (gate)
        {
            if (shown >= length)
            {
                return Task.CompletedTask;
            }

            awaited = (length, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            return awaited.Value.Reached.Task;
        }
    }
}
