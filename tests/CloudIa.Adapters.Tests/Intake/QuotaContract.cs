using CloudIa.Core.Intake;

namespace CloudIa.Adapters.Tests.Intake;

/// <summary>What every quota keeps (IQuota).</summary>
public abstract partial class QuotaContract : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly string owner = Samples.Owner();

    public virtual ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A quota of so many requests a minute and jobs in flight.</summary>
    protected abstract IQuota Open(int requestsPerMinute = 1_000_000, int jobsInFlight = 1_000_000);

    /// <summary>How often the tests of many calls call: an engine that is asked over a network has less to be asked.</summary>
    protected virtual int Often => 5000;

    protected abstract Task PassAsync(TimeSpan time);

    protected virtual ValueTask CloseAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(99)]
    public async Task Of_100_requests_at_once_exactly_the_limit_is_admitted(int limit)
    {
        var quota = Open(limit);
        var decisions = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(async () => await quota.AdmitAsync(owner, None))));

        Assert.Equal(limit, decisions.Count(decision => decision.Admitted));
        Assert.All(decisions, decision => Assert.Equal((limit, TimeSpan.FromMinutes(1)), (decision.Limit, decision.Window)));
        Assert.Equal(Enumerable.Range(0, limit), decisions.Where(decision => decision.Admitted).Select(decision => decision.Remaining).Order());
    }

    [Fact]
    public async Task An_owner_who_was_away_has_the_whole_limit_again_and_no_more()
    {
        var quota = Open(10);
        await SpendAsync(quota, 10);
        await PassAsync(TimeSpan.FromHours(1));

        await SpendAsync(quota, 10);
        Assert.False((await quota.AdmitAsync(owner, None)).Admitted);
    }

    [Fact]
    public async Task Requests_come_back_evenly()
    {
        var quota = Open(60);
        await SpendAsync(quota, 60);
        for (var second = 0; second < 5; second++)
        {
            Assert.False((await quota.AdmitAsync(owner, None)).Admitted);
            await PassAsync(TimeSpan.FromSeconds(1));
            Assert.True((await quota.AdmitAsync(owner, None)).Admitted);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(120)]
    public async Task Who_comes_again_when_the_refusal_said_is_admitted_and_not_before(int limit)
    {
        var quota = Open(limit);
        await SpendAsync(quota, limit);
        var refused = await quota.AdmitAsync(owner, None);
        Assert.False(refused.Admitted);
        Assert.Equal(0, refused.Remaining);
        Assert.InRange(refused.RetryAfter, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));

        await PassAsync(refused.RetryAfter * 0.9);
        Assert.False((await quota.AdmitAsync(owner, None)).Admitted);
        await PassAsync((refused.RetryAfter * 0.1) + TimeSpan.FromMilliseconds(1));
        Assert.True((await quota.AdmitAsync(owner, None)).Admitted);
    }

    [Fact]
    public async Task One_owner_spends_nothing_of_anothers()
    {
        var quota = Open(3);
        await SpendAsync(quota, 3);

        Assert.False((await quota.AdmitAsync(owner, None)).Admitted);
        Assert.Equal(2, (await quota.AdmitAsync(Samples.Owner(), None)).Remaining);
    }

    private async Task SpendAsync(IQuota quota, int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            Assert.True((await quota.AdmitAsync(owner, None)).Admitted);
        }
    }
}
