using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.Embedded.Queue;

namespace CloudIa.Embedded.Intake;

/// <summary>
/// Accounts in memory. The jobs in flight are read from the queue's table at the start; a million of them take about a
/// second, for which the first posts wait and nothing else does.
/// </summary>
public sealed class InProcessQuota : IQuota
{
    private readonly OwnerAccounts accounts;
    private readonly SpentPermits spent;
    private readonly Task counted;

    public InProcessQuota(QuotaOptions options, SqliteJobQueue queue, TimeProvider time)
    {
        accounts = new OwnerAccounts(options, time);
        spent = new SpentPermits(time);
        counted = Task.Run(() => queue.ReadKeys(accounts.Hold));
    }

    public ValueTask<QuotaDecision> AdmitAsync(string owner, CancellationToken cancellation) =>
        ValueTask.FromResult(accounts.Admit(owner));

    public async ValueTask<QuotaDecision> ReserveAsync(JobKey job, CancellationToken cancellation)
    {
        await counted.WaitAsync(cancellation);
        return accounts.Reserve(job);
    }

    public async ValueTask HoldAsync(JobKey job)
    {
        await counted;
        accounts.Hold(job);
    }

    public async ValueTask ReleaseAsync(JobKey job)
    {
        await counted;
        accounts.Release(job);
    }

    public async ValueTask SettleAsync(JobKey job)
    {
        await counted;
        accounts.Settle(job);
    }

    public ValueTask<bool> SpendAsync(string permit, TimeSpan keeps, CancellationToken cancellation) =>
        ValueTask.FromResult(spent.Spend(permit, keeps));
}
