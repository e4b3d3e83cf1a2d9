using Amazon.Runtime;
using Amazon.SimpleSystemsManagement;
using CloudIa.Aws.Secrets;
using CloudIa.TestEngines;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace CloudIa.Adapters.Tests.Aws;

/// <summary>Secrets of Parameter Store: read once, read again when they are old or were refused, and never said.</summary>
public sealed class ParameterStoreTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly string Name = ParameterStoreServer.NameOf("openai");

    private readonly ParameterStoreServer server = new() { Secrets = { ["openai"] = "the-first-key" } };
    private readonly FakeTimeProvider time = new(Samples.Start);
    private readonly LoggedLines lines = new();
    private AmazonSimpleSystemsManagementClient client = null!;
    private ParameterStore store = null!;

    public async ValueTask InitializeAsync()
    {
        await server.StartAsync();
        client = new AmazonSimpleSystemsManagementClient(
            new BasicAWSCredentials("anybody", "anything"),
            new AmazonSimpleSystemsManagementConfig { ServiceURL = server.Endpoint.ToString(), MaxErrorRetry = 0, Timeout = Patience.Usual });
        store = new ParameterStore(client, time, lines);
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_secret_is_read_when_it_is_named_and_kept()
    {
        var secret = await store.OpenAsync(Name, None);
        server.Stop();

        Assert.Equal("the-first-key", secret.Value);
        Assert.Equal(Name, secret.ToString());
    }

    [Fact]
    public async Task A_secret_that_is_not_there_is_named()
    {
        var error = await Assert.ThrowsAsync<ParameterUnavailableException>(() => store.OpenAsync(ParameterStoreServer.NameOf("nobody"), None));
        Assert.Contains(ParameterStoreServer.NameOf("nobody"), error.Message, StringComparison.Ordinal);

        server.Stop();
        await Assert.ThrowsAsync<ParameterUnavailableException>(() => store.OpenAsync(Name, None));
    }

    [Fact]
    public async Task An_old_secret_is_read_again_beside_its_use()
    {
        var secret = await store.OpenAsync(Name, None);
        await ExchangeAsync("the-second-key");
        Assert.Equal("the-first-key", secret.Value);
        time.Advance(StoredSecret.Fresh + TimeSpan.FromSeconds(1));

        await Patience.Until<object>(async _ => secret.Value == "the-second-key" ? secret : null, "the new key", server.Tail);
    }

    [Fact]
    public async Task A_secret_that_was_refused_is_read_at_once_but_not_for_every_refusal()
    {
        var secret = await store.OpenAsync(Name, None);
        await ExchangeAsync("the-second-key");

        // Just read: whoever is refused now was refused with what the store has.
        Assert.False(await secret.RenewAsync("the-first-key", None));
        time.Advance(StoredSecret.Pause + TimeSpan.FromSeconds(1));
        Assert.True(await secret.RenewAsync("the-first-key", None));
        Assert.Equal("the-second-key", secret.Value);

        // Another call that was refused with the old one.
        Assert.True(await secret.RenewAsync("the-first-key", None));
        time.Advance(StoredSecret.Pause + TimeSpan.FromSeconds(1));
        Assert.False(await secret.RenewAsync("the-second-key", None));
    }

    [Fact]
    public async Task While_the_store_is_away_the_last_value_is_used_and_no_log_has_it()
    {
        var secret = await store.OpenAsync(Name, None);
        server.Stop();
        time.Advance(StoredSecret.Fresh + TimeSpan.FromSeconds(1));

        Assert.False(await secret.RenewAsync("the-first-key", None));
        Assert.Equal("the-first-key", secret.Value);
        Assert.Contains(Name, Assert.Single(lines.All), StringComparison.Ordinal);
        Assert.DoesNotContain("the-first-key", Assert.Single(lines.All), StringComparison.Ordinal);
    }

    private async Task ExchangeAsync(string key)
    {
        server.Stop();
        server.Secrets["openai"] = key;
        await server.StartAsync();
    }

    private sealed class LoggedLines : ILogger<ParameterStore>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Add($"{formatter(state, exception)} {exception}");
    }
}
