using System.Collections.Concurrent;
using System.Net;
using CloudIa.EndToEnd.Tests.Clients;
using CloudIa.EndToEnd.Tests.ManyMachines;
using CloudIa.EndToEnd.Tests.Servers;
using CloudIa.Protocol;

namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>A cluster that several tests have, one after the other, each with a model of its own behind the same address.</summary>
internal sealed class SharedCluster : IAsyncDisposable
{
    private readonly Balancer _way = new();
    private AwsCluster _cluster = null!;

    private SharedCluster()
    {
    }

    public static async Task<SharedCluster> StartAsync(Engines engines, bool callsModels)
    {
        var shared = new SharedCluster();
        try
        {
            shared._cluster = await AwsCluster.StartAsync(
                engines, new CloudiaSettings { ModelEndpoint = callsModels ? new Uri(shared._way.Address, FaultyModel.Path) : null });
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
    public IInstallation LendTo(FaultyModel? model, ConcurrentBag<SharedCluster> idle)
    {
        if (model is not null) _way.Lead(model.Endpoint.Port);
        return new Loan(this, model, idle);
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _way.DisposeAsync();
    }

    private async Task TakeBackAsync(Loan loan, FaultyModel? model, ConcurrentBag<SharedCluster> idle)
    {
        // Workers remember whose calls failed, and what still runs or waits would come to the next test's model.
        if (loan.WasStopped || model?.Calls.All(call => call.WasAnswered) == false || !await IsAtRestAsync())
        {
            await DisposeAsync();
            return;
        }

        // No connection to the last model is used for the next one's.
        await _way.ShutAsync();
        _way.Lead();
        _way.Open();
        idle.Add(this);
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

    private sealed class Loan(SharedCluster shared, FaultyModel? model, ConcurrentBag<SharedCluster> idle) : IInstallation
    {
        private bool _returned;

        public bool WasStopped { get; private set; }

        public Uri Address => shared._cluster.Address;

        public Uri Door => shared._cluster.Door;

        public IReadOnlyList<Uri> Workers => ((IInstallation)shared._cluster).Workers;

        public string DataFolder => shared._cluster.DataFolder;

        public string? AdminToken => shared._cluster.AdminToken;

        public string Output => shared._cluster.Output;

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

        public async ValueTask DisposeAsync()
        {
            if (_returned) return;
            _returned = true;
            await shared.TakeBackAsync(this, model, idle);
        }
    }
}
