using System.Globalization;

namespace CloudIa.TestEngines;

/// <summary>Debian's redis-server, which keeps nothing on the disk.</summary>
public sealed class RedisServer : EngineServer
{
    protected override string Name => "redis-server";

    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>FLUSHALL.</summary>
    public async Task FlushAsync()
    {
        using var flush = ChildProcess.Start("redis-cli", "redis-cli", ["-p", Port.ToString(CultureInfo.InvariantCulture), "FLUSHALL"], []);
        if (await flush.Exit() != 0) throw new InvalidOperationException(flush.Tail());
    }

    protected override ChildProcess Launch() => ChildProcess.Start(
        Name,
        "redis-server",
        ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()],
        []);
}
