using CloudIa.Adapters.Tests.Intake;
using CloudIa.Aws.Intake;
using CloudIa.Aws.Storage;
using CloudIa.Core.Conversations;
using CloudIa.Core.Intake;
using CloudIa.TestEngines;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Adapters.Tests.Aws;

public sealed class RedisQuotaTests(Engines engines) : QuotaContract
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan PlacesLive = TimeSpan.FromMinutes(20);

    // As the time now is, because Redis forgets by its own clock.
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    private readonly string someone = Samples.Owner();
    private RedisServer? mine;
    private RedisLink link = null!;

    public override async ValueTask InitializeAsync() => link = await FoundAsync(await engines.RedisAsync());

    protected override int Often => 300;

    protected override IQuota Open(int requestsPerMinute = 1_000_000, int jobsInFlight = 1_000_000) => Open(link, requestsPerMinute, jobsInFlight);

    protected override Task PassAsync(TimeSpan time)
    {
        this.time.Advance(time);
        return Task.CompletedTask;
    }

    protected override async ValueTask CloseAsync()
    {
        await link.DisposeAsync();
        if (mine is not null)
        {
            await mine.DisposeAsync();
        }
    }

    [Fact]
    public async Task All_nodes_count_together()
    {
        var (here, there) = (Open(requestsPerMinute: 5, jobsInFlight: 3), Open(requestsPerMinute: 5, jobsInFlight: 3));
        var jobs = Enumerable.Range(0, 4).Select(_ => Samples.Job(owner: someone).Key).ToArray();
        Assert.True((await here.ReserveAsync(jobs[0], None)).Admitted);
        Assert.True((await there.ReserveAsync(jobs[1], None)).Admitted);
        Assert.True((await here.ReserveAsync(jobs[2], None)).Admitted);
        Assert.Equal(QuotaRefusal.Jobs, (await there.ReserveAsync(jobs[3], None)).Refusal);
        await there.SettleAsync(jobs[0]);

        Assert.Equal((true, 0), (await here.ReserveAsync(jobs[3], None)) is var last ? (last.Admitted, last.Remaining) : default);
        Assert.Equal(QuotaRefusal.Requests, (await there.AdmitAsync(someone, None)).Refusal);
    }

    [Fact]
    public async Task A_place_of_a_process_that_died_is_free_after_a_while()
    {
        var quota = Open(jobsInFlight: 1);
        var died = Samples.Job(owner: someone).Key;
        await quota.ReserveAsync(died, None);
        await quota.ReserveAsync(died, None);
        time.Advance(PlacesLive - TimeSpan.FromSeconds(1));
        Assert.False((await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Admitted);
        time.Advance(TimeSpan.FromSeconds(2));

        Assert.True((await quota.ReserveAsync(died, None)).Admitted);
        await quota.ReleaseAsync(died);
        Assert.True((await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Admitted);
    }

    [Fact]
    public async Task A_reservation_that_is_cancelled_holds_nothing()
    {
        var quota = Open(jobsInFlight: 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => quota.ReserveAsync(Samples.Job(owner: someone).Key, new CancellationToken(true)).AsTask());

        Assert.True((await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Admitted);
    }

    [Fact]
    public async Task With_Redis_away_a_node_counts_for_itself_and_when_it_is_back_all_count_together()
    {
        mine = new RedisServer();
        await mine.StartAsync();
        await using var own = await FoundAsync(mine);
        var quota = Open(own, requestsPerMinute: 1000, jobsInFlight: 2);
        var (before, during, late) = (Samples.Job(owner: someone).Key, Samples.Job(owner: someone).Key, Samples.Job(owner: someone).Key);
        Assert.True((await quota.ReserveAsync(before, None)).Admitted);
        mine.Stop();
        await Patience.Until<object>(_ => Task.FromResult<object?>(own.Away ? this : null), "Redis to be found away", () => "");

        Assert.True((await quota.ReserveAsync(during, None)).Admitted);
        Assert.True((await quota.ReserveAsync(late, None)).Admitted);
        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Refusal);
        await quota.SettleAsync(during);
        Assert.True((await quota.ReserveAsync(during, None)).Admitted);
        await quota.SettleAsync(before);

        await mine.StartAsync();
        await Patience.Until<object>(_ => Task.FromResult<object?>(own.Away ? null : this), "Redis to be found again", () => "");
        await using var others = await FoundAsync(mine);
        var another = Open(others, requestsPerMinute: 1000, jobsInFlight: 2);
        Assert.True((await another.ReserveAsync(during, None)).Admitted);
        Assert.True((await another.ReserveAsync(late, None)).Admitted);

        // What this node gave itself meanwhile it takes from nobody else.
        await quota.ReleaseAsync(during);
        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Refusal);
        await quota.SettleAsync(late);
        Assert.True((await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Admitted);
    }

    [Fact]
    public async Task A_place_that_a_node_gave_while_Redis_is_away_is_soon_free_because_its_job_may_end_on_another_node()
    {
        mine = new RedisServer();
        await mine.StartAsync();
        await using var own = await FoundAsync(mine);
        mine.Stop();
        await Patience.Until<object>(_ => Task.FromResult<object?>(own.Away ? this : null), "Redis to be found away", () => "");
        var quota = Open(own, requestsPerMinute: 1000, jobsInFlight: 1);
        Assert.True((await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Admitted);
        Assert.Equal(QuotaRefusal.Jobs, (await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Refusal);
        time.Advance(TimeSpan.FromMinutes(1));

        Assert.True((await quota.ReserveAsync(Samples.Job(owner: someone).Key, None)).Admitted);
    }

    [Fact]
    public async Task What_was_settled_while_Redis_hung_is_settled_when_it_goes_on_whoever_reserved_it()
    {
        mine = new RedisServer();
        await mine.StartAsync();
        await using var others = await FoundAsync(mine);
        var gateway = Open(others, requestsPerMinute: 1_000_000, jobsInFlight: 2);
        var (one, two) = (Samples.Job(owner: someone).Key, Samples.Job(owner: someone).Key);
        await using var node = await RedisNode.OpenAsync(mine, RedisLink.Limit);
        var worker = Open(node.Link, requestsPerMinute: 1_000_000, jobsInFlight: 2);
        Assert.True((await gateway.ReserveAsync(one, None)).Admitted);
        Assert.True((await gateway.ReserveAsync(two, None)).Admitted);
        mine.Freeze();
        await worker.SettleAsync(one);
        await worker.SettleAsync(two);
        mine.Thaw();

        // Both places, not only that of the one which Redis was asked about.
        var (three, four) = (Samples.Job(owner: someone).Key, Samples.Job(owner: someone).Key);
        await AdmittedAsync(gateway, three);
        await AdmittedAsync(gateway, four);
    }

    [Fact]
    public async Task A_reservation_that_Redis_did_not_answer_in_time_leaves_no_place_there_when_it_is_released()
    {
        mine = new RedisServer();
        await mine.StartAsync();
        await using var others = await FoundAsync(mine);
        var there = Open(others, requestsPerMinute: 1_000_000, jobsInFlight: 1);
        await using var node = await RedisNode.OpenAsync(mine, RedisLink.Limit);
        var here = Open(node.Link, requestsPerMinute: 1_000_000, jobsInFlight: 1);
        var job = Samples.Job(owner: someone).Key;
        mine.Freeze();
        Assert.True((await here.ReserveAsync(job, None)).Admitted);
        mine.Thaw();
        await there.AdmitAsync(someone, None);
        await here.ReleaseAsync(job);

        await AdmittedAsync(there, Samples.Job(owner: someone).Key);
    }

    [Fact]
    public async Task A_permit_that_one_node_spent_is_spent_on_all()
    {
        var (here, there) = (Open(), Open());
        Assert.True(await here.SpendAsync(someone, TimeSpan.FromMinutes(1), None));

        Assert.False(await there.SpendAsync(someone, TimeSpan.FromMinutes(1), None));
    }

    [Fact]
    public async Task Redis_forgets_a_permit_after_its_time()
    {
        Assert.True(await Open().SpendAsync(someone, TimeSpan.FromMilliseconds(200), None));

        // A node that did not spend it itself.
        await Patience.Until<object>(
            async _ => await Open().SpendAsync(someone, TimeSpan.FromMilliseconds(200), None) ? this : null, "the permit to be forgotten", () => "");
    }

    [Fact]
    public async Task With_Redis_away_a_permit_is_spent_once_on_each_node_and_one_spent_before_stays_spent_here()
    {
        mine = new RedisServer();
        await mine.StartAsync();
        await using var own = await FoundAsync(mine);
        var quota = Open(own, requestsPerMinute: 1000, jobsInFlight: 1);
        Assert.True(await quota.SpendAsync("before", TimeSpan.FromMinutes(1), None));
        mine.Stop();
        await Patience.Until<object>(_ => Task.FromResult<object?>(own.Away ? this : null), "Redis to be found away", () => "");

        Assert.False(await quota.SpendAsync("before", TimeSpan.FromMinutes(1), None));
        Assert.True(await quota.SpendAsync("during", TimeSpan.FromMinutes(1), None));
        Assert.False(await quota.SpendAsync("during", TimeSpan.FromMinutes(1), None));
    }

    private static Task AdmittedAsync(RedisQuota quota, JobKey job) => Patience.Until<object>(
        async _ => (await quota.ReserveAsync(job, None)).Admitted ? quota : null, "a free place", () => "");

    private RedisQuota Open(RedisLink way, int requestsPerMinute, int jobsInFlight) =>
        new(way, new QuotaOptions { RequestsPerMinute = requestsPerMinute, JobsInFlight = jobsInFlight }, PlacesLive, time);

    private static async Task<RedisLink> FoundAsync(RedisServer server)
    {
        var link = RedisNode.Connect(server);
        await Patience.Until<object>(_ => Task.FromResult<object?>(link.Away ? null : link), "Redis to be found", () => "");
        return link;
    }
}
