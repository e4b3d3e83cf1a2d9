using CloudIa.Core.Delivery;
using CloudIa.Core.Delivery.Relay;
using CloudIa.Embedded.Delivery;
using CloudIa.Gateway;
using CloudIa.Gateway.Connections;
using CloudIa.Gateway.Identity;
using CloudIa.Gateway.Relay;
using CloudIa.Gateway.Streaming;
using CloudIa.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Tests.Gateway.Relay;

/// <summary>One courier, with one machine's sockets, on a clock that the test turns.</summary>
public sealed class CourierTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly InProcessDeliveryBus bus = new();
    private readonly ListedRegistry registry = new();
    private readonly Lifetime lifetime = new();
    private readonly ConnectionRegistry connections;
    private readonly RelayMachine machine;
    private readonly Courier courier;

    public CourierTests()
    {
        var options = new GatewayOptions { MaxConnectionsPerOwner = 2, RelayPatienceSeconds = 20 };
        connections = new ConnectionRegistry(options, lifetime, time);
        machine = new RelayMachine(time);
        courier = new Courier(
            new CourierServices(
                registry,
                machine,
                connections,
                new SessionTokens(new SigningKey(SigningKey.Make()), options, time),
                new PumpServices(bus, (_, _) => Task.FromResult<CloudIa.Core.Conversations.Turn?>(null), TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(125), time),
                options,
                time),
            NullLogger<Courier>.Instance);
    }

    public async ValueTask InitializeAsync() => await courier.StartAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        lifetime.StopApplication();
        await courier.StopAsync(CancellationToken.None);
        courier.Dispose();
        registry.Dispose();
        connections.Dispose();
        lifetime.Dispose();
    }

    [Fact]
    public async Task What_happens_to_its_owner_reaches_the_client_after_the_greeting()
    {
        await OpenAsync(machine.Connection with { MadeSession = true });
        await bus.PublishAsync(machine.Connection.Owner, new ConversationUpdated { ConversationId = "c" }, CancellationToken.None);
        await UntilAsync(() => machine.Read.Count == 2);
        var greeting = Assert.IsType<Connected>(machine.Read[0]);
        Assert.Equal(("secret", "somebody"), (greeting.ConnectionId, greeting.SessionId));
        Assert.NotNull(greeting.SessionToken);
        Assert.IsType<ConversationUpdated>(machine.Read[1]);
        Assert.NotNull(await bus.ResolveAsync("secret", CancellationToken.None));
    }

    [Fact]
    public async Task A_session_that_ends_is_warned_of_and_its_socket_is_cut()
    {
        await OpenAsync(machine.Connection);
        time.Advance(TimeSpan.FromMinutes(56));
        await UntilAsync(() => machine.Read.OfType<SessionExpiring>().Any());
        Assert.False(machine.Cut);
        time.Advance(TimeSpan.FromMinutes(5));
        await UntilAsync(() => machine.Cut);
        await GoneAsync();
    }

    [Fact]
    public async Task A_refresh_that_another_process_took_lets_the_socket_live_on()
    {
        await OpenAsync(machine.Connection);
        registry.Asks.Enqueue(new RelayAsk(machine.Connection.Id, ExpiresAt: machine.Connection.ExpiresAt.AddHours(1)));
        await UntilAsync(() => registry.Renewed.Any(one => one.ExpiresAt == machine.Connection.ExpiresAt.AddHours(1)));
        time.Advance(TimeSpan.FromMinutes(80));
        await bus.PublishAsync(machine.Connection.Owner, new ConversationUpdated { ConversationId = "c" }, CancellationToken.None);
        await UntilAsync(() => machine.Read.OfType<ConversationUpdated>().Any());
        Assert.False(machine.Cut);
    }

    [Fact]
    public async Task A_client_that_left_is_forgotten_and_its_machine_is_not_asked_to_close()
    {
        await OpenAsync(machine.Connection);
        registry.Asks.Enqueue(new RelayAsk(machine.Connection.Id, Closed: true));
        await GoneAsync();
        Assert.False(machine.Cut);
        Assert.Null(await bus.ResolveAsync("secret", CancellationToken.None));
    }

    [Fact]
    public async Task A_machine_that_takes_nothing_for_too_long_is_asked_to_close()
    {
        await OpenAsync(machine.Connection);
        machine.Always = PostOutcome.Busy;
        await bus.PublishAsync(machine.Connection.Owner, new ConversationUpdated { ConversationId = "c" }, CancellationToken.None);
        var began = time.GetUtcNow();
        await PassUntilAsync(() => machine.Cut);
        Assert.True(time.GetUtcNow() - began > TimeSpan.FromSeconds(20), "It was cut too soon.");
        await GoneAsync();
    }

    [Fact]
    public async Task One_socket_too_many_is_told_and_cut()
    {
        await OpenAsync(machine.Connection);
        registry.Waiting.Enqueue(machine.Connection with { Id = "b=" });
        await UntilAsync(() => courier.Count == 2);
        registry.Waiting.Enqueue(machine.Connection with { Id = "c=" });
        await UntilAsync(() => machine.Cut);
        Assert.Equal(ErrorCode.TooManyConnections, Assert.IsType<ErrorEvent>(machine.Read[^1]).Code);
        await UntilAsync(() => registry.Forgotten.Contains("c="));
        Assert.Equal(2, courier.Count);
    }

    [Fact]
    public async Task What_a_dead_courier_left_is_cut()
    {
        registry.Orphans.Enqueue(machine.Connection);
        await UntilAsync(() => machine.Cut);
        Assert.Empty(machine.Read);
    }

    [Fact]
    public async Task A_process_that_leaves_sends_its_sockets_away()
    {
        await OpenAsync(machine.Connection);
        lifetime.StopApplication();
        await courier.StopAsync(CancellationToken.None);
        Assert.True(machine.Cut);
        Assert.Equal(0, courier.Count);
    }

    [Fact]
    public async Task What_the_register_forgot_is_said_again()
    {
        await OpenAsync(machine.Connection);
        await UntilAsync(() => registry.Renewed.Count == 1);
        registry.Forget();
        await UntilAsync(() => registry.Renewed.Count(one => one.Id == machine.Connection.Id) == 2);
    }

    private async Task OpenAsync(RelayedConnection connection)
    {
        registry.Waiting.Enqueue(connection);
        await UntilAsync(() => machine.Read.Count > 0);
    }

    private Task GoneAsync() => UntilAsync(() => courier.Count == 0 && registry.Forgotten.Contains(machine.Connection.Id));

    private Task PassUntilAsync(Func<bool> done) => UntilAsync(done, TimeSpan.FromMilliseconds(500));

    /// <summary>Rounds go on until it is so, and time passes as it is told to.</summary>
    private async Task UntilAsync(Func<bool> done, TimeSpan pass = default)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while (!done())
        {
            registry.Wake();
            if (pass > TimeSpan.Zero) time.Advance(pass);
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, limit.Token);
        }
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => stopping.Cancel();

        public void Dispose() => stopping.Dispose();
    }
}
