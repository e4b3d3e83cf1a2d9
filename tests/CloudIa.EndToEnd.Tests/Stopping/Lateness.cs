using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Stopping;

/// <summary>How late a busy machine wakes whoever waits for it: what no server on it can be blamed for.</summary>
internal sealed class Lateness : IAsyncDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);
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
    }

    private async Task Watch()
    {
        try
        {
            while (true)
            {
                var due = RunClock.Now + Beat;
                await Task.Delay(Beat, TimeProvider.System, _enough.Token);
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
