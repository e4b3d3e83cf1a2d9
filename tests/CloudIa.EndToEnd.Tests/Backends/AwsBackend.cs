using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.Servers;

[assembly: AssemblyFixture(typeof(AwsBackend))]

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>
/// Two gateways behind one address and two workers on the engines of the AWS backend. A cluster is given to one test after
/// the other that wants its settings.
/// </summary>
public sealed class AwsBackend : Backend, IAsyncDisposable
{
    private readonly ClusterPool _pool = new();
    private Engines? _engines;

    internal override bool IsSure => false;

    internal override int Workers => 2;

    /// <summary>This, on the engines of the assembly.</summary>
    public Backend On(Engines engines)
    {
        _engines = engines;
        return this;
    }

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    internal override async Task<IInstallation> StartAsync(FaultyModel? model = null, CloudiaSettings? settings = null)
    {
        var engines = _engines ?? throw new InvalidOperationException("No engines were named.");
        settings ??= new CloudiaSettings();
        var name = NameOf(settings, callsModels: model is not null);
        var cluster = _pool.Take(name) ?? await SharedCluster.StartAsync(engines, settings, name, callsModels: model is not null);
        return await cluster.LendToAsync(model, _pool);
    }

    /// <summary>The same for settings that make the same processes.</summary>
    private static string NameOf(CloudiaSettings settings, bool callsModels) =>
        $"{callsModels} {settings.ShortLeases} {string.Join(' ', settings.Environment().Where(setting => setting.Value is not null).Select(setting => $"{setting.Key}={setting.Value}"))}";
}
