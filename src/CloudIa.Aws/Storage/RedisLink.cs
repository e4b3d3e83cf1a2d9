using System.Net;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace CloudIa.Aws.Storage;

/// <summary>
/// The way to Redis, which may be away at any time, also at the start. A call takes half a second at most, or what is set; after one that
/// was not answered the next ones are refused at once, until one of them, a second later, finds Redis again.
/// </summary>
public sealed partial class RedisLink : IAsyncDisposable
{
    /// <summary>How long a call may take (DESIGN.md section 9).</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>How long Redis counts as away after it is back: what others of its clients do not have yet, comes meanwhile.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    private readonly ConnectionMultiplexer multiplexer;
    private readonly TimeSpan limit;
    private readonly TimeProvider time;
    private readonly ILogger<RedisLink> logger;
    private long pausedUntil;
    private long backAt = long.MinValue;

    private RedisLink(ConnectionMultiplexer multiplexer, TimeSpan limit, TimeProvider time, ILogger<RedisLink> logger)
    {
        this.multiplexer = multiplexer;
        this.limit = limit;
        this.time = time;
        this.logger = logger;
        Subscriber = multiplexer.GetSubscriber();
        multiplexer.ConnectionFailed += OnConnectionFailed;
        multiplexer.ConnectionRestored += OnConnectionRestored;
    }

    /// <summary>Redis answers again after it was away. Handlers return at once.</summary>
    public event Action? Back;

    /// <summary>Whether calls would be refused.</summary>
    public bool Away => !multiplexer.IsConnected || Interlocked.Read(ref pausedUntil) != 0;

    /// <summary>Whether Redis is away, or was a moment ago.</summary>
    public bool Unsettled => Away || (Interlocked.Read(ref backAt) is > long.MinValue and var at && time.GetElapsedTime(at) < Settling);

    /// <summary>How long a call of this one may take.</summary>
    internal TimeSpan Patience => limit;

    internal ISubscriber Subscriber { get; }

    /// <summary>For tests that count.</summary>
    internal IConnectionMultiplexer Multiplexer => multiplexer;

    /// <summary>Opens the way; where Redis is away it is opened all the same.</summary>
    /// <param name="configuration">host:port, or more in the form of StackExchange.Redis.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told when Redis goes away and when it is back.</param>
    /// <param name="limit">Another limit than <see cref="Limit"/>.</param>
    public static RedisLink Connect(string configuration, TimeProvider time, ILogger<RedisLink> logger, TimeSpan? limit = null)
    {
        var options = ConfigurationOptions.Parse(configuration);
        options.AbortOnConnectFail = false;
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ConnectRetry = 1;
        options.ConnectTimeout = 1000;
        options.ReconnectRetryPolicy = new LinearRetry(250);
        options.KeepAlive = 5;
        options.HeartbeatInterval = TimeSpan.FromMilliseconds(500);
        options.ClientName = "cloudia";

        // The client's own limit is coarser than ours, and is not to come first.
        var patience = limit ?? Limit;
        options.AsyncTimeout = Math.Max(options.AsyncTimeout, 2 * (int)patience.TotalMilliseconds);
        return new RedisLink(ConnectionMultiplexer.Connect(options), patience, time, logger);
    }

    public ValueTask DisposeAsync() => multiplexer.DisposeAsync();

    /// <summary>Calls Redis. Answered is false where it is away, or was not heard in time: it may have done what it was asked.</summary>
    internal async ValueTask<(bool Answered, T? Value)> TryAsync<T>(Func<IDatabase, Task<T>> call)
    {
        if (!multiplexer.IsConnected || !MayPass())
        {
            return default;
        }

        try
        {
            var value = await call(multiplexer.GetDatabase()).WaitAsync(limit, time);
            if (Interlocked.Exchange(ref pausedUntil, 0) != 0)
            {
                Return();
            }

            return (true, value);
        }
#pragma warning disable CA1031 // The client has errors of its own beside Redis's; nobody here is to know them.
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (Interlocked.Exchange(ref pausedUntil, Later()) == 0)
            {
                LogAway(error);
            }

            return default;
        }
    }

    /// <summary>Sends what nobody waits for, if Redis is there.</summary>
    /// <param name="send">With <see cref="CommandFlags.FireAndForget"/>.</param>
    internal void Send(Action<IDatabase> send)
    {
        if (Away)
        {
            return;
        }

        try
        {
            send(multiplexer.GetDatabase());
        }
#pragma warning disable CA1031 // As above.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The next call that is waited for finds out.
        }
    }

    /// <summary>Publishes what nobody waits for.</summary>
    internal void Say(RedisChannel channel, string word) => Send(redis => redis.Publish(channel, word, CommandFlags.FireAndForget));

    /// <summary>Logs what should not have happened to a user of this link.</summary>
    internal void Tell(Exception error) => LogBroken(error);

    /// <summary>Lets nobody pass while it pauses, but one after each pause.</summary>
    private bool MayPass()
    {
        var until = Interlocked.Read(ref pausedUntil);
        return until == 0 || (time.GetTimestamp() >= until && Interlocked.CompareExchange(ref pausedUntil, Later(), until) == until);
    }

    private long Later() => time.GetTimestamp() + (long)(Pause.TotalSeconds * time.TimestampFrequency);

    private void OnConnectionFailed(object? sender, ConnectionFailedEventArgs failed)
    {
        if (failed.ConnectionType == ConnectionType.Interactive)
        {
            LogLost(failed.EndPoint, failed.FailureType);
        }
    }

    private void OnConnectionRestored(object? sender, ConnectionFailedEventArgs restored)
    {
        Interlocked.Exchange(ref pausedUntil, 0);
        Return();
    }

    private void Return()
    {
        Interlocked.Exchange(ref backAt, time.GetTimestamp());
        LogBack();
        Back?.Invoke();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Redis does not answer; answers are stored all the same, and clients find them in the history.")]
    private partial void LogAway(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection to Redis at {EndPoint} is lost: {Failure}.")]
    private partial void LogLost(EndPoint? endPoint, ConnectionFailureType failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "What is done with Redis once a second broke.")]
    private partial void LogBroken(Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "Redis answers again.")]
    private partial void LogBack();
}
