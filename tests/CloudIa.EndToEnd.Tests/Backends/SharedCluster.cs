using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.ManyMachines;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>
/// A cluster that several tests have, one after the other, each with a model of its own behind the same address. Workers
/// remember whose calls failed: after such a test they are other processes.
/// </summary>
internal sealed class SharedCluster : IAsyncDisposable
{
    private readonly Balancer _way = new();
    private AwsCluster _cluster = null!;
    private bool _remembersFailures;

    private SharedCluster(string settings) => Settings = settings;

    /// <summary>What it was started with.</summary>
    public string Settings { get; }

    public static async Task<SharedCluster> StartAsync(Engines engines, CloudiaSettings settings, string name, bool callsModels)
    {
        var shared = new SharedCluster(name);
        var way = new Uri(shared._way.Address, settings.Provider == "anthropic" ? "/" : FaultyModel.Path);
        try
        {
            shared._cluster = await AwsCluster.StartAsync(engines, callsModels ? settings with { ModelEndpoint = way } : settings);
            return shared;
        }
        catch
        {
            await shared._way.DisposeAsync();
            throw;
        }
    }

    /// <summary>The cluster for one test, which gives it back by its disposal.</summary>
    /// <param name="model">What the test's workers call.</param>
    /// <param name="idle">Where it goes then, unless the next test would notice the one before.</param>
    public async Task<IInstallation> LendToAsync(FaultyModel? model, ClusterPool idle)
    {
        try
        {
            if (_remembersFailures) await Task.WhenAll(_cluster.Workers.Select(worker => worker.ReplaceAsync()));
        }
        catch
        {
            await DisposeAsync();
            throw;
        }

        _remembersFailures = false;
        if (model is not null) _way.Lead(model.Endpoint.Port);
        return new Loan(this, model, idle);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _way.DisposeAsync();
    }

    private async Task TakeBackAsync(Loan loan, FaultyModel? model, ClusterPool idle)
    {
        // What still runs or waits would come to the next test's model, and what a dead process was given, to nobody for a while.
        if (loan.WasStopped || !await IsAtRestAsync())
        {
            await DisposeAsync();
            return;
        }

        // No connection to the last model is used for the next one's.
        _way.Lead();
        await _way.CutAsync();
        _remembersFailures = model?.Calls.All(call => call.WasAnswered) == false;
        await idle.GiveBackAsync(this);
    }

    /// <summary>An end is told before its message leaves the queue.</summary>
    private async Task<bool> IsAtRestAsync()
    {
        using var admin = new ApiClient(_cluster.Address, _cluster.AdminToken);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        for (var times = 0; times < 50; times++)
        {
            var reply = await admin.Get("/admin/queue");
            if (reply.Status != HttpStatusCode.OK) return false;
            if (reply.Read(ProtocolJson.Default.QueueView) is { Waiting: 0, DeadLetters: 0 }) return true;
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        return false;
    }

    private sealed class Loan(SharedCluster shared, FaultyModel? model, ClusterPool idle) : IInstallation
    {
        private bool _returned;

        public bool WasStopped { get; private set; }

        public Uri Address => shared._cluster.Address;

        public Uri Door => shared._cluster.Door;

        public IReadOnlyList<Uri> Workers => ((IInstallation)shared._cluster).Workers;

        public string DataFolder => shared._cluster.DataFolder;

        public string? AdminToken => shared._cluster.AdminToken;

        public string Output => shared._cluster.Output;

        public long ResidentBytes() => shared._cluster.ResidentBytes();

        public string Tail() => shared._cluster.Tail();

        public void KillNine()
        {
            WasStopped = true;
            shared._cluster.KillNine();
        }

        public void AskToStop()
        {
            WasStopped = true;
            shared._cluster.AskToStop();
        }

        public Task<int> Exit(TimeSpan? within = null) => shared._cluster.Exit(within);

        public Task StartAgain() => shared._cluster.StartAgain();

        public Task PutIntoQueue(params RawMessage[] messages) => shared._cluster.PutIntoQueue(messages);

        public async ValueTask DisposeAsync()
        {
            if (_returned) return;
            _returned = true;
            try
            {
                await shared.TakeBackAsync(this, model, idle);
            }
            catch
            {
                // Nobody else would end its processes.
                await shared.DisposeAsync();
                throw;
            }
        }
    }
}
