using CloudIa.Aws;
using CloudIa.Aws.Relay;
using CloudIa.Aws.Storage;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Protocol;
using CloudIa.TestEngines;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>The register of relayed connections; the Redis is their own, as it is emptied and stopped.</summary>
public sealed class RedisRelayRegistryTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly RedisServer server = new();
    private readonly List<RedisLink> links = [];
    private readonly List<RedisRelayRegistry> registries = [];

    public async ValueTask InitializeAsync() => await server.StartAsync();

    public async ValueTask DisposeAsync()
    {
        registries.ForEach(registry => registry.Dispose());
        foreach (var link in links)
        {
            await link.DisposeAsync();
        }

        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_connection_is_taken_by_one_courier_with_all_that_it_was_noted_with()
    {
        var (gateway, first, second) = (await ProcessAsync(), await ProcessAsync(), await ProcessAsync());
        var connection = Sample("a=");
        Assert.True(await gateway.OpenAsync(connection, None));
        var rounds = await Task.WhenAll(first.RoundAsync(10, None).AsTask(), second.RoundAsync(10, None).AsTask());
        Assert.Equal(connection, Assert.Single(rounds.SelectMany(round => round!.Taken)));
        Assert.Equal(new RelayFinding(true, connection, false), await gateway.FindAsync("a=", None));
        Assert.Equal(new RelayFinding(true, null, false), await gateway.FindAsync("b=", None));
    }

    [Fact]
    public async Task A_courier_takes_no_more_than_it_asks_for_and_is_woken_for_the_rest()
    {
        var (gateway, courier) = (await ProcessAsync(), await ProcessAsync());
        for (var i = 0; i < 5; i++)
        {
            await gateway.OpenAsync(Sample($"c{i}"), None);
        }

        var taken = new List<string>();
        while (taken.Count < 5)
        {
            var round = await courier.RoundAsync(2, None);
            Assert.InRange(round!.Taken.Count, 1, 2);
            taken.AddRange(round.Taken.Select(one => one.Id));
            if (round.Taken.Count == 2)
            {
                await courier.WaitAsync(Timeout.InfiniteTimeSpan, None);
            }
        }

        Assert.Equal(["c0", "c1", "c2", "c3", "c4"], taken);
    }

    [Fact]
    public async Task Asks_come_to_the_courier_that_carries_and_those_before_it_with_the_connection()
    {
        var (gateway, courier, other) = (await ProcessAsync(), await ProcessAsync(), await ProcessAsync());
        Assert.False(await gateway.AskAsync(new RelayAsk("nobody", Closed: true), None));
        await gateway.OpenAsync(Sample("a"), None);
        Assert.True(await gateway.AskAsync(new RelayAsk("a", [new ResumePoint("job", 2, 7)]), None));
        var first = await courier.RoundAsync(10, None);
        var resume = Assert.Single(first!.Asks);
        Assert.Equal(("a", new ResumePoint("job", 2, 7)), (resume.Id, Assert.Single(resume.Resume!)));

        var until = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);
        Assert.True(await gateway.AskAsync(new RelayAsk("a", ExpiresAt: until), None));
        Assert.True(await gateway.AskAsync(new RelayAsk("a", Closed: true), None));
        await courier.WaitAsync(Timeout.InfiniteTimeSpan, None);
        Assert.Empty((await other.RoundAsync(10, None))!.Asks);
        Assert.Equal([new RelayAsk("a", ExpiresAt: until), new RelayAsk("a", Closed: true)], (await courier.RoundAsync(10, None))!.Asks);

        await courier.ForgetAsync("a");
        Assert.False(await gateway.AskAsync(new RelayAsk("a", Closed: true), None));
        Assert.Equal(new RelayFinding(true, null, false), await gateway.FindAsync("a", None));
    }

    [Fact]
    public async Task Of_a_courier_that_died_the_connections_are_handed_out_once_to_be_cut()
    {
        var (gateway, first, second) = (await ProcessAsync(), await ProcessAsync(), await ProcessAsync());
        await gateway.OpenAsync(Sample("orphan"), None);
        Assert.Single((await first.RoundAsync(10, None))!.Taken);

        // The first is not heard of again.
        var cut = new List<string>();
        await Patience.Until<object>(
            async _ =>
            {
                cut.AddRange((await second.RoundAsync(10, None))!.Orphans.Select(one => one.Id));
                return cut.Count > 0 ? cut : null;
            },
            "the connection to be an orphan",
            () => "");
        Assert.Equal(["orphan"], cut);
        Assert.Empty((await second.RoundAsync(10, None))!.Orphans);
        Assert.Equal(new RelayFinding(true, null, false), await gateway.FindAsync("orphan", None));
    }

    [Fact]
    public async Task What_Redis_forgot_its_courier_says_again()
    {
        var (gateway, courier) = (await ProcessAsync(), await ProcessAsync());
        var connection = Sample("kept");
        await gateway.OpenAsync(connection, None);
        Assert.False((await courier.RoundAsync(10, None))!.Known);
        Assert.True((await courier.RoundAsync(10, None))!.Known);

        await server.FlushAsync();
        Assert.Equal(new RelayFinding(true, null, false), await gateway.FindAsync("kept", None));
        Assert.False((await courier.RoundAsync(10, None))!.Known);
        await courier.RenewAsync([connection], None);
        Assert.Equal(new RelayFinding(true, connection, true), await gateway.FindAsync("kept", None));
        Assert.True(await gateway.AskAsync(new RelayAsk("kept", Closed: true), None));
        Assert.Single((await courier.RoundAsync(10, None))!.Asks);
    }

    [Fact]
    public async Task What_a_round_gave_that_was_not_heard_the_next_one_has_again()
    {
        var (gateway, courier) = (await ProcessAsync(), await ProcessAsync(TimeSpan.FromMilliseconds(500)));
        await Patience.Until(async _ => await courier.RoundAsync(10, None), "a first round", () => "");
        await gateway.OpenAsync(Sample("a"), None);
        await gateway.AskAsync(new RelayAsk("a", Closed: true), None);

        // Redis does what it was asked when it wakes; its answer comes too late.
        server.Freeze();
        Assert.Null(await courier.RoundAsync(10, None));
        server.Thaw();
        var round = await Patience.Until(async _ => await courier.RoundAsync(10, None), "a round that is heard", () => "");
        Assert.Equal("a", Assert.Single(round.Taken).Id);
        Assert.Equal(new RelayAsk("a", Closed: true), Assert.Single(round.Asks));

        var next = await Patience.Until(async _ => await courier.RoundAsync(10, None), "another round", () => "");
        Assert.Empty(next.Taken);
        Assert.Empty(next.Asks);
    }

    [Fact]
    public async Task With_Redis_away_nothing_is_noted_and_nobody_is_found()
    {
        var registry = await ProcessAsync(TimeSpan.FromMilliseconds(500));
        server.Stop();
        Assert.False(await registry.OpenAsync(Sample("a"), None));
        Assert.Equal(default, await registry.FindAsync("a", None));
        Assert.False(await registry.AskAsync(new RelayAsk("a", Closed: true), None));
        Assert.Null(await registry.RoundAsync(10, None));
        Assert.False(await registry.RenewAsync([Sample("a")], None));
        await registry.ForgetAsync("a");
    }

    private static RelayedConnection Sample(string id) => new()
    {
        Id = id,
        Callback = new Uri("https://api.example.com/live"),
        ConnectionId = "secret-of-" + id,
        Owner = Samples.Owner(),
        SessionId = "session",
        MadeSession = true,
        ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(1_900_000_000),
        OpenedAt = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000),
        Language = "pt-BR",
        TraceId = "0af7651916cd43dd8448eb211c80319c",
    };

    private async Task<RedisRelayRegistry> ProcessAsync(TimeSpan? limit = null)
    {
        var link = RedisNode.Connect(server, limit);
        links.Add(link);
        await Patience.Until<object>(_ => Task.FromResult<object?>(link.Away ? null : link), "Redis to be found", () => "");
        var registry = new RedisRelayRegistry(link, new AwsOptions { CourierDeadSeconds = 3 }, TimeProvider.System);
        registries.Add(registry);
        return registry;
    }
}
