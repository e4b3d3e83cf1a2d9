using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>
/// What the service runs on. A suite is an abstract class that takes one, and runs on each by the classes of
/// Embedded.cs and Aws.cs.
/// </summary>
public abstract class Backend
{
    /// <summary>Whether every word reaches every socket once and in its order; else it may be late, or found again.</summary>
    internal abstract bool IsSure { get; }

    /// <summary>Processes that call models, each with a circuit breaker of its own.</summary>
    internal abstract int Workers { get; }

    /// <summary>An installation that is ready, and knows nothing that another test left.</summary>
    /// <param name="model">What its workers call; null: the built-in demo model.</param>
    /// <param name="settings">Other than the house's.</param>
    internal abstract Task<IInstallation> StartAsync(FaultyModel? model = null, CloudiaSettings? settings = null);
}

/// <summary>One process on one machine.</summary>
public sealed class EmbeddedBackend : Backend
{
    internal override bool IsSure => true;

    internal override int Workers => 1;

    internal override async Task<IInstallation> StartAsync(FaultyModel? model = null, CloudiaSettings? settings = null) =>
        await CloudiaProcess.Start((settings ?? new CloudiaSettings()).Calling(model));
}
