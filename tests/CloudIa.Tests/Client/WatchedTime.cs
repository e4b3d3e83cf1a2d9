using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Client;

/// <summary>A clock that a test moves, and that tells when the code under test has begun to wait for it.</summary>
internal sealed class WatchedTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _timers = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Writer.TryWrite(dueTime);
        return timer;
    }

    /// <summary>Waits until somebody waits for as long, then lets that time pass.</summary>
    public async Task PassAsync(TimeSpan awaited)
    {
        await foreach (var set in _timers.Reader.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            // A delay is set in whole milliseconds.
            if (awaited - set >= TimeSpan.Zero && awaited - set < TimeSpan.FromMilliseconds(1))
                break;
        }

        Advance(awaited);
    }
}
