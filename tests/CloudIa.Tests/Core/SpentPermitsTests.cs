using CloudIa.Core.Intake;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Core;

public class SpentPermitsTests
{
    [Fact]
    public void A_permit_is_forgotten_once_its_time_is_over_and_not_before()
    {
        var time = new FakeTimeProvider();
        var permits = new SpentPermits(time);
        Assert.True(permits.Spend("permit", TimeSpan.FromMinutes(1)));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(permits.Spend("permit", TimeSpan.FromMinutes(1)));
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(permits.Spend("permit", TimeSpan.FromMinutes(1)));
    }
}
