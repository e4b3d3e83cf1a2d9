using CloudIa.Core.Model;
using CloudIa.Settings;
using Microsoft.Extensions.Configuration;

namespace CloudIa.Tests.Settings;

public class CloudiaSettingsTests
{
    [Fact]
    public void What_is_set_when_nothing_is_has_no_error() => Assert.Empty(new CloudiaSettings().Errors());

    [Theory]
    [InlineData("Backend", "azure")]
    [InlineData("Role", "gateway")]
    [InlineData("Role", "worker")]
    [InlineData("Role", "king")]
    [InlineData("Port", "-1")]
    [InlineData("Port", "65536")]
    [InlineData("Listen", "localhost")]
    [InlineData("Gateway:AllowedOrigins:0", "chat.example.com")]
    [InlineData("Gateway:AllowedOrigins:0", "https://chat.example.com/")]
    [InlineData("Gateway:MaxBodyBytes", "1023")]
    [InlineData("Gateway:SessionHours", "0")]
    [InlineData("Gateway:TicketSeconds", "301")]
    [InlineData("Gateway:HeartbeatSeconds", "0")]
    [InlineData("Gateway:SseHeartbeatSeconds", "301")]
    [InlineData("Gateway:CoalesceMilliseconds", "1001")]
    [InlineData("Gateway:SteadyCoalesceMilliseconds", "49")]
    [InlineData("Intake:MaxMessageCharacters", "0")]
    [InlineData("Intake:MaxMessageCharacters", "40001")]
    [InlineData("Intake:MaxSystemPromptCharacters", "0")]
    [InlineData("Intake:MaxSystemPromptCharacters", "10001")]
    [InlineData("Quota:RequestsPerMinute", "0")]
    [InlineData("Quota:JobsInFlight", "0")]
    [InlineData("Queue:LeaseSeconds", "43201")]
    [InlineData("Queue:HeartbeatSeconds", "0")]
    [InlineData("Queue:HeartbeatSeconds", "16")]
    [InlineData("Work:Concurrency", "0")]
    [InlineData("Work:MaxAttempts", "0")]
    [InlineData("Work:RetrySeconds", "301")]
    [InlineData("Work:DrainSeconds", "8")]
    [InlineData("Gateway:GraceSeconds", "7")]
    [InlineData("Prompt:MaxTurns", "1001")]
    public void A_wrong_setting_is_named_with_its_value(string name, string value)
    {
        var error = Assert.Single(Errors((name, value)));

        Assert.Contains(name.Split(':').Last(part => !char.IsDigit(part[0])), error, StringComparison.Ordinal);
        Assert.Contains(value, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Queue:HeartbeatSeconds", "15")]
    [InlineData("Queue:LeaseSeconds", "20")]
    [InlineData("Port", "0")]
    [InlineData("Listen", "0.0.0.0")]
    [InlineData("Listen", "::1")]
    [InlineData("Gateway:AllowedOrigins:0", "http://localhost:8080")]
    [InlineData("Work:RetrySeconds", "0")]
    [InlineData("Intake:MaxSystemPromptCharacters", "10000")]
    public void A_setting_at_its_bound_is_taken(string name, string value) => Assert.Empty(Errors((name, value)));

    [Theory]
    [InlineData("a-token-of-19-chars")]
    [InlineData("a token with some spaces in it")]
    [InlineData("um-token-com-acentuação")]
    [InlineData("a-token-with-a-line-break\n")]
    public void A_wrong_admin_token_is_refused_and_not_repeated(string token)
    {
        var error = Assert.Single(Errors(("Gateway:AdminToken", token)));

        Assert.Contains("AdminToken", error, StringComparison.Ordinal);
        Assert.DoesNotContain(token, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a-token-of-20-chars!")]
    public void An_admin_token_that_is_long_enough_is_taken_and_an_empty_one_is_none(string token) => Assert.Empty(Errors(("Gateway:AdminToken", token)));

    [Theory]
    [InlineData("Aws:Queue", "jobs")]
    [InlineData("Aws:DeadLetterQueue", ".fifo")]
    [InlineData("Aws:Table", "ab")]
    [InlineData("Aws:TableMilliseconds", "99")]
    [InlineData("Aws:QueueMilliseconds", "60001")]
    [InlineData("Aws:MessageCacheSeconds", "86401")]
    [InlineData("Aws:RedisMilliseconds", "99")]
    [InlineData("Aws:PollSeconds", "6")]
    public void What_is_wrong_with_the_engines_is_said_where_they_are_used(string name, string value)
    {
        Assert.Contains(value, Assert.Single(Errors(("Backend", "aws"), (name, value))), StringComparison.Ordinal);
        Assert.Empty(Errors((name, value)));
    }

    [Theory]
    [InlineData("all", true, true)]
    [InlineData("gateway", true, false)]
    [InlineData("worker", false, true)]
    public void Where_processes_share_their_engines_each_may_have_a_role(string role, bool gateway, bool worker)
    {
        var settings = Bind(("Backend", "aws"), ("Role", role));

        Assert.Empty(settings.Errors());
        Assert.Equal((gateway, worker), (settings.IsGateway, settings.IsWorker));
    }

    [Theory]
    [InlineData("aws", "gateway", null, 3)]
    [InlineData("aws", "gateway", "6", 6)]
    [InlineData("aws", "all", null, 2)]
    [InlineData("aws", "worker", "6", 0)]
    [InlineData("embedded", "all", null, 0)]
    [InlineData("embedded", "all", "1.5", 1.5)]
    public void A_process_serves_on_when_it_is_to_stop_as_long_as_its_role_needs(string backend, string role, string? given, double grace)
    {
        var settings = given is null ? Bind(("Backend", backend), ("Role", role)) : Bind(("Backend", backend), ("Role", role), ("Gateway:GraceSeconds", given));

        Assert.Empty(settings.Errors());
        Assert.Equal(grace, settings.GraceSeconds);
    }

    [Fact]
    public void A_signing_key_that_is_short_is_refused_and_not_repeated()
    {
        var error = Assert.Single(Errors(("Gateway:SigningKey", "too-short-to-be-safe")));

        Assert.Contains("SigningKey", error, StringComparison.Ordinal);
        Assert.DoesNotContain("too-short-to-be-safe", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lease_must_be_long_enough_for_its_heartbeat() =>
        Assert.Single(Errors(("Queue:LeaseSeconds", "20"), ("Queue:HeartbeatSeconds", "11")), error => error.Contains("LeaseSeconds (20)", StringComparison.Ordinal));

    [Fact]
    public void Every_error_is_reported_at_once()
    {
        var errors = Errors(("Port", "-1"), ("Backend", "azure"), ("Queue:LeaseSeconds", "0"), ("Work:MaxAttempts", "0"), ("Quota:RequestsPerMinute", "0"), ("Models:0:Name", "x"));

        // The lease is wrong by itself and too short for its heartbeat; the model has no provider.
        Assert.Equal(7, errors.Count);
    }

    [Theory]
    [InlineData("Name", "")]
    [InlineData("Provider", "skynet")]
    [InlineData("Endpoint", "ftp://models.example.com")]
    [InlineData("Endpoint", "/relative")]
    [InlineData("MaxOutputTokens", "0")]
    [InlineData("MaxOutputTokens", "64001")]
    [InlineData("TotalSeconds", "9")]
    [InlineData("Retries", "-1")]
    [InlineData("RetrySeconds", "301")]
    [InlineData("MaxConcurrency", "0")]
    [InlineData("Breaker:FailureRatio", "0")]
    [InlineData("Breaker:MinimumCalls", "1")]
    [InlineData("Breaker:SamplingSeconds", "19")]
    [InlineData("Breaker:BreakSeconds", "0.1")]
    [InlineData("Breaker:MaxBreakSeconds", "14")]
    [InlineData("SilenceSeconds", "0")]
    public void A_wrong_model_is_named_with_its_place(string name, string value) =>
        Assert.Contains("Models:1", Assert.Single(Errors(Model(0, "a"), Model(1, "b"), [("Models:1:" + name, value)])), StringComparison.Ordinal);

    [Fact]
    public void A_failover_to_a_model_that_is_not_there_is_refused() =>
        Assert.Contains("Failover names 'c'", Assert.Single(Errors(Model(0, "a"), Model(1, "b"), [("Failover:0", "b"), ("Failover:1", "c")])), StringComparison.Ordinal);

    [Fact]
    public void Two_models_of_one_name_are_refused() =>
        Assert.Contains("'a' stands 2 times", Assert.Single(Errors(Model(0, "a"), Model(1, "a"))), StringComparison.Ordinal);

    [Fact]
    public void Settings_are_read_from_configuration_by_their_names()
    {
        var settings = Bind(("Models:0:Name", "mine"), ("Models:0:Provider", "openai"), ("Models:0:InputPrice", "0.15"), ("Queue:LeaseSeconds", "60"));

        Assert.Equal(("mine", 0.15m), settings.Models.Single() is var model ? (model.Name, model.InputPrice) : default);
        Assert.Equal(TimeSpan.FromSeconds(60), settings.Queue.Lease);
        Assert.Equal(new PromptOptions().System, settings.Prompt.System);
    }

    private static (string, string)[] Model(int place, string name) => [($"Models:{place}:Name", name), ($"Models:{place}:Provider", "demo")];

    private static IReadOnlyList<string> Errors(params (string, string)[][] settings) => Errors([.. settings.SelectMany(some => some)]);

    private static IReadOnlyList<string> Errors(params (string, string)[] settings) => Bind(settings).Errors();

    private static CloudiaSettings Bind(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.GroupBy(setting => setting.Name).ToDictionary(same => same.Key, same => (string?)same.Last().Value))
            .Build().Get<CloudiaSettings>() ?? new CloudiaSettings();
}
