using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

/// <summary>A clock that tells when somebody waits on it for just so long, so that a test turns it no sooner.</summary>
internal sealed class WatchedTime(FakeTimeProvider clock, TimeSpan watched) : TimeProvider
{
    private readonly Channel<TimeSpan> waiting = Channel.CreateUnbounded<TimeSpan>();

    public override long TimestampFrequency => clock.TimestampFrequency;

    public Task WaitsAsync() => waiting.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Workshop.Patience, TestContext.Current.CancellationToken);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = clock.CreateTimer(callback, state, dueTime, period);
        if (dueTime == watched)
        {
            waiting.Writer.TryWrite(dueTime);
        }

        return timer;
    }

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();
}
