namespace CloudIa.EndToEnd.Tests.Backends;

/// <summary>Clusters that no test has at the moment, the one that was given back last first. Few: also who does nothing takes memory and processor time.</summary>
internal sealed class ClusterPool : IAsyncDisposable
{
    /// <summary>As many as tests run at once, with a model of the test's and with the demo model.</summary>
    private const int Most = 6;

    private readonly Lock _lock = new();
    private readonly List<SharedCluster> _idle = [];

    /// <summary>One with these settings; null: there is none.</summary>
    public SharedCluster? Take(string settings)
    {
        lock (_lock)
        {
            var place = _idle.FindLastIndex(cluster => cluster.Settings == settings);
            if (place < 0) return null;
            var cluster = _idle[place];
            _idle.RemoveAt(place);
            return cluster;
        }
    }

    public async ValueTask GiveBackAsync(SharedCluster cluster)
    {
        SharedCluster? oldest = null;
        lock (_lock)
        {
            _idle.Add(cluster);
            if (_idle.Count > Most)
            {
                oldest = _idle[0];
                _idle.RemoveAt(0);
            }
        }

        if (oldest is not null) await oldest.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_idle.Select(cluster => cluster.DisposeAsync().AsTask()));
}
