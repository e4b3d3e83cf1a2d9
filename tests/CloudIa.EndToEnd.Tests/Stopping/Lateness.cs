using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Stopping;

/// <summary>How late a busy machine wakes whoever waits for it, or for its disk: what no server on it can be blamed for.</summary>
internal sealed class Lateness : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);

    /// <summary>Beats between two looks at the disk.</summary>
    private const int Flush = 10;

    private readonly FileStream _file = new(
        Path.GetTempFileName(), FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
    private readonly CancellationTokenSource _enough = new();
    private readonly Task _watching;

    public Lateness() => _watching = Watch();

    /// <summary>The latest of all beats.</summary>
    public TimeSpan Most { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _watching;
        _enough.Dispose();
        await _file.DisposeAsync();
    }

    private async Task Watch()
    {
        try
        {
            for (var beat = 1; ; beat++)
            {
                var due = RunClock.Now + Beat;
                await Task.Delay(Beat, TimeProvider.System, _enough.Token);
                if (beat % Flush == 0)
                {
                    _file.WriteByte(0);
                    _file.Flush(flushToDisk: true);
                }

                var late = RunClock.Now - due;
                if (late > Most) Most = late;
            }
        }
        catch (OperationCanceledException)
        {
            // Watched for long enough.
        }
    }
}
