using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

/// <summary>A clock that leaps over waits up to a length by itself. Time passes for nothing else, so no lease or limit runs out meanwhile.</summary>
internal sealed class LeapingTime(FakeTimeProvider clock, TimeSpan longest) : TimeProvider
{
    public override long TimestampFrequency => clock.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = clock.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero && dueTime <= longest)
        {
            // Not from in here: whoever waits does not hold its timer yet.
            ThreadPool.QueueUserWorkItem(_ => clock.Advance(dueTime));
        }

        return timer;
    }

    public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

    public override long GetTimestamp() => clock.GetTimestamp();
}
