using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using CloudIa.Aws.Delivery;
using CloudIa.Aws.Storage;
using CloudIa.Core.Delivery.Relay;
using StackExchange.Redis;

namespace CloudIa.Aws.Relay;

/// <summary>The register of relayed connections in Redis. A process that never asks for a round does not listen.</summary>
public sealed class RedisRelayRegistry : IRelayRegistry, IDisposable
{
    /// <summary>Connections that are said again in one call.</summary>
    private const int RenewedAtOnce = 200;

    private readonly string courier = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
    private readonly SemaphoreSlim something = new(0, 1);
    private readonly RedisLink link;
    private readonly int deadSeconds;
    private readonly string prefix;

    // Where couriers hear that there is something: the id of a connection.
    private readonly string channel;
    private readonly TimeProvider time;
    private readonly Listening words;

    // The asks of the last round, where that was heard.
    private int? asksHeard;

    // Since when rounds are answered without a gap; null: they are not.
    private long? answeredSince;

    public RedisRelayRegistry(RedisLink link, AwsOptions options, TimeProvider time)
    {
        (this.link, this.time, deadSeconds) = (link, time, options.CourierDeadSeconds);

        // Installations that share a Redis have tables of their own.
        prefix = $"{{cloudia:relay:{options.Table}}}:";
        channel = prefix + "words";
        words = new Listening(link, RedisChannel.Literal(channel), _ => Wake());
    }

    public void Dispose()
    {
        words.Dispose();
        something.Dispose();
    }

    public async ValueTask<bool> OpenAsync(RelayedConnection connection, CancellationToken cancellation) =>
        await CallAsync(RelayScripts.Open, [connection.Id, Write(connection), RelayScripts.Lives, channel]) is not null;

    public async ValueTask<RelayFinding> FindAsync(string id, CancellationToken cancellation)
    {
        var (answered, known) = await link.TryAsync(redis => redis.HashGetAsync(prefix + "connection:" + id, ["json", "carried"]));
        return new RelayFinding(answered, answered && !known![0].IsNull ? Read(known[0], RelayJson.Default.RelayedConnection) : null, answered && !known![1].IsNull);
    }

    public async ValueTask<bool> AskAsync(RelayAsk ask, CancellationToken cancellation) =>
        await CallAsync(RelayScripts.Ask, [ask.Id, Write(ask), RelayScripts.Lives, channel]) is { } known && (int)known == 1;

    public async ValueTask<CourierRound?> RoundAsync(int most, CancellationToken cancellation)
    {
        await words.OpenAsync(cancellation);

        // After an outage all couriers seem dead: a while is given to them to say otherwise.
        var judges = answeredSince is { } since && time.GetElapsedTime(since) > TimeSpan.FromSeconds(deadSeconds);
        var heard = asksHeard;
        asksHeard = null;
        var round = await CallAsync(RelayScripts.Round, [courier, most, judges ? deadSeconds : 0, RelayScripts.Lives, heard is null ? 0 : 1, heard ?? 0]);
        answeredSince = round is null ? null : answeredSince ?? time.GetTimestamp();
        if (round is null)
        {
            return null;
        }

        var parts = (RedisResult[])round!;
        var taken = ReadAll(parts[1], RelayJson.Default.RelayedConnection);
        var orphans = ReadAll(parts[2], RelayJson.Default.RelayedConnection);
        asksHeard = ((RedisValue[])parts[3]!).Length;
        if (taken.Count == most || orphans.Count >= most)
        {
            // There may be more.
            Wake();
        }

        return new CourierRound((int)parts[0] == 1, taken, orphans, ReadAll(parts[3], RelayJson.Default.RelayAsk));
    }

    public async ValueTask WaitAsync(TimeSpan longest, CancellationToken cancellation) => await something.WaitAsync(longest, cancellation);

    public async ValueTask<bool> RenewAsync(IReadOnlyCollection<RelayedConnection> carried, CancellationToken cancellation)
    {
        foreach (var some in carried.Chunk(RenewedAtOnce))
        {
            if (await CallAsync(RelayScripts.Renew, [courier, RelayScripts.Lives, .. some.SelectMany(one => new RedisValue[] { one.Id, Write(one) })]) is null)
            {
                return false;
            }
        }

        return true;
    }

    public async ValueTask ForgetAsync(string id) => await CallAsync(RelayScripts.Forget, [courier, id]);

    private static RedisValue Write(RelayedConnection connection) => JsonSerializer.Serialize(connection, RelayJson.Default.RelayedConnection);

    private static RedisValue Write(RelayAsk ask) => JsonSerializer.Serialize(ask, RelayJson.Default.RelayAsk);

    private static T? Read<T>(RedisValue json, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize((string)json!, type);
        }
        catch (JsonException)
        {
            // A newer version's, or nobody's.
            return null;
        }
    }

    private static List<T> ReadAll<T>(RedisResult jsons, JsonTypeInfo<T> type)
        where T : class => [.. ((RedisValue[])jsons!).Select(json => Read(json, type)).OfType<T>()];

    private async ValueTask<RedisResult?> CallAsync(string script, RedisValue[] arguments)
    {
        var (_, said) = await link.TryAsync(redis => redis.ScriptEvaluateAsync(script, [prefix], arguments));
        return said;
    }

    private void Wake()
    {
        try
        {
            something.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake.
        }
    }
}
