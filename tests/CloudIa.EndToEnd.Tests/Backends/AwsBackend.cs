using System.Collections.Concurrent;
using CloudIa.EndToEnd.Tests.Backends;
using CloudIa.EndToEnd.Tests.ManyMachines;
using CloudIa.EndToEnd.Tests.Servers;

[assembly: AssemblyFixture(typeof(AwsBackend))]

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>
/// Two gateways behind one address and two workers on the engines of the AWS backend. A cluster with the house's settings
/// is given to one test after the other; one with settings of its own is its test's alone.
/// </summary>
public sealed class AwsBackend : Backend, IAsyncDisposable
{
    private readonly ConcurrentBag<SharedCluster> _idle = [];
    private readonly ConcurrentBag<SharedCluster> _idleDemos = [];
    private Engines? _engines;

    internal override bool IsSure => false;

    /// <summary>This, on the engines of the assembly.</summary>
    public Backend On(Engines engines)
    {
        _engines = engines;
        return this;
    }

    public async ValueTask DisposeAsync() =>
        await Task.WhenAll(_idle.Concat(_idleDemos).Select(cluster => cluster.DisposeAsync().AsTask()));

    internal override async Task<IInstallation> StartAsync(FaultyModel? model = null, CloudiaSettings? settings = null)
    {
        var engines = _engines ?? throw new InvalidOperationException("No engines were named.");
        if (settings is not null) return await AwsCluster.StartAsync(engines, settings.Calling(model));
        var idle = model is null ? _idleDemos : _idle;
        if (!idle.TryTake(out var cluster)) cluster = await SharedCluster.StartAsync(engines, model is not null);
        return cluster.LendTo(model, idle);
    }
}
