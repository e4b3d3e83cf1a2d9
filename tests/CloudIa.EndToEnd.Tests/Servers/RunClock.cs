namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>The time since this run began: one clock for all that is written down, which nobody can set.</summary>
internal static class RunClock
{
    private static readonly long Origin = TimeProvider.System.GetTimestamp();

    public static TimeSpan Now => TimeProvider.System.GetElapsedTime(Origin);
}
