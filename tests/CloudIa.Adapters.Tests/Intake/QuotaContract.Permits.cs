namespace CloudIa.Adapters.Tests.Intake;

/// <summary>What may be used once.</summary>
public abstract partial class QuotaContract
{
    private static readonly TimeSpan Keeps = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Of_many_who_spend_a_permit_at_once_one_does_and_nobody_after()
    {
        var quota = Open();
        var permit = Samples.Owner();
        var spent = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await quota.SpendAsync(permit, Keeps, None))));

        Assert.Single(spent, first => first);
        await PassAsync(Keeps - TimeSpan.FromSeconds(1));
        Assert.False(await quota.SpendAsync(permit, Keeps, None));
    }

    [Fact]
    public async Task One_permit_spends_nothing_of_anothers()
    {
        var quota = Open();
        var permit = Samples.Owner();
        Assert.True(await quota.SpendAsync(permit, Keeps, None));

        Assert.True(await quota.SpendAsync(permit + "1", Keeps, None));
        Assert.False(await quota.SpendAsync(permit, Keeps, None));
    }
}
