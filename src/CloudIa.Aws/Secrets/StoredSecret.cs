using Microsoft.Extensions.Logging;

namespace CloudIa.Aws.Secrets;

/// <summary>One parameter's value: kept, read again when it is old, and held on to while the store is away.</summary>
public sealed partial class StoredSecret
{
    /// <summary>After so long the store is asked again, beside the use of the old value.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    /// <summary>The shortest time between two readings that somebody insists on.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly ParameterStore store;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private volatile Task reading = Task.CompletedTask;
    private volatile string value;
    private long readAt;

    internal StoredSecret(string name, string value, ParameterStore store, TimeProvider time, ILogger logger)
    {
        (Name, this.value, this.store, this.time, this.logger) = (name, value, store, time, logger);
        readAt = time.GetTimestamp();
    }

    public string Name { get; }

    /// <summary>The newest value that is known. Asking for it has an old one read again, which nobody waits for.</summary>
    public string Value
    {
        get
        {
            ReadIfOlder(Fresh);
            return value;
        }
    }

    /// <summary>Reads it now, because a value was refused. True where it has another one.</summary>
    public async Task<bool> RenewAsync(string refused, CancellationToken cancellation)
    {
        if (value == refused)
        {
            ReadIfOlder(Pause);
            await reading.WaitAsync(cancellation);
        }

        return value != refused;
    }

    /// <summary>Not the value.</summary>
    public override string ToString() => Name;

    private TimeSpan Age => time.GetElapsedTime(Interlocked.Read(ref readAt));

    private void ReadIfOlder(TimeSpan than)
    {
        lock (gate)
        {
            if (reading.IsCompleted && Age > than)
            {
                Interlocked.Exchange(ref readAt, time.GetTimestamp());
                reading = ReadAsync();
            }
        }
    }

    // For all who wait for it, so nobody who gives up ends it.
    private async Task ReadAsync()
    {
        try
        {
            value = await store.ReadAsync(Name, CancellationToken.None);
        }
        catch (ParameterUnavailableException error)
        {
            LogKept(error, Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The parameter {Name} could not be read again; its last value is used.")]
    private partial void LogKept(Exception error, string name);
}
