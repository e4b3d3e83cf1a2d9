using CloudIa.Core.Model.Resilience;
using CsCheck;

namespace CloudIa.Tests.Core;

public class BackoffTests
{
    private static readonly TimeSpan Unit = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    [InlineData(4, 8)]
    [InlineData(5, 16)]
    [InlineData(8, 120)]
    [InlineData(1_000_000, 120)]
    public void The_longest_wait_is_0_then_doubles_to_2_minutes(int failedAttempt, double seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), Backoff.After(failedAttempt, Unit, null, 1));
        Assert.Equal(TimeSpan.Zero, Backoff.After(failedAttempt, Unit, null, 0));
    }

    [Fact]
    public void The_wait_is_spread_evenly_up_to_the_longest() =>
        Gen.Select(Gen.Int[1, 100], Gen.Double[0, 1], Gen.Double[0, 300]).Sample((attempt, random, unit) =>
        {
            var longest = Backoff.After(attempt, TimeSpan.FromSeconds(unit), null, 1);
            var wait = Backoff.After(attempt, TimeSpan.FromSeconds(unit), null, random);
            Assert.InRange(wait, TimeSpan.Zero, longest);
            Assert.Equal(longest.TotalSeconds * random, wait.TotalSeconds, 1e-6);
            Assert.True(longest <= TimeSpan.FromMinutes(2));
        });

    [Fact]
    public void A_provider_that_asks_for_more_time_gets_it() =>
        Gen.Select(Gen.Int[1, 100], Gen.Double[0, 1], Gen.Double[0, 100_000]).Sample((attempt, random, asked) =>
        {
            var own = Backoff.After(attempt, Unit, null, random);
            var wait = Backoff.After(attempt, Unit, TimeSpan.FromSeconds(asked), random);
            Assert.Equal(own > TimeSpan.FromSeconds(asked) ? own : TimeSpan.FromSeconds(asked), wait);
        });

    [Fact]
    public void A_time_to_come_again_that_is_over_changes_nothing() =>
        Assert.Equal(TimeSpan.FromSeconds(1), Backoff.After(2, Unit, TimeSpan.FromSeconds(-30), 0.5));
}
