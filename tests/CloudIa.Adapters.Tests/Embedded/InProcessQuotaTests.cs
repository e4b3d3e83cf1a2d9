using CloudIa.Adapters.Tests.Intake;
using CloudIa.Core.Intake;
using CloudIa.Embedded.Intake;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Adapters.Tests.Embedded;

public sealed class InProcessQuotaTests : QuotaContract
{
    private readonly FakeTimeProvider time = new();

    protected override IQuota Open(int requestsPerMinute) => new InProcessQuota(new QuotaOptions { RequestsPerMinute = requestsPerMinute }, time);

    protected override Task PassAsync(TimeSpan time)
    {
        this.time.Advance(time);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Forgetting_owners_who_are_away_gives_nobody_a_second_bucket()
    {
        var quota = Open(10);
        for (var round = 0; round < 500; round++)
        {
            // So long that whoever comes first sweeps, while the others have the bucket in their hands.
            time.Advance(TimeSpan.FromMinutes(2));
            var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var admitted = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
            {
                await start.Task;
                var count = 0;
                for (var i = 0; i < 10; i++)
                {
                    count += (await quota.AdmitAsync("owner", CancellationToken.None)).Admitted ? 1 : 0;
                }

                return count;
            })).ToList();
            start.SetResult();

            Assert.Equal(10, (await Task.WhenAll(admitted)).Sum());
        }
    }

    [Fact]
    public async Task An_owner_who_has_just_spent_all_is_not_forgotten()
    {
        var quota = Open(10);
        time.Advance(TimeSpan.FromSeconds(59));
        for (var i = 0; i < 10; i++)
        {
            Assert.True((await quota.AdmitAsync("owner", CancellationToken.None)).Admitted);
        }

        // Somebody else's request is the one that sweeps.
        time.Advance(TimeSpan.FromSeconds(1));
        await quota.AdmitAsync("another", CancellationToken.None);
        Assert.False((await quota.AdmitAsync("owner", CancellationToken.None)).Admitted);
    }
}
