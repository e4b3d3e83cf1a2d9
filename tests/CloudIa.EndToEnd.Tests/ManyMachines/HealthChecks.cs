using System.Net.Sockets;
using CloudIa.EndToEnd.Tests.Servers;

namespace CloudIa.EndToEnd.Tests.ManyMachines;

/// <summary>What a load balancer does: asks each gateway again and again whether it is ready, and leads new connections to those that are.</summary>
internal sealed class HealthChecks : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly SortedSet<int> _ready;
    private readonly Balancer _front;
    private readonly CancellationTokenSource _enough = new();
    private readonly Task _looking;

    public HealthChecks(AwsCluster cluster)
    {
        _front = cluster.Front;
        _ready = [.. cluster.Gateways.Select(gateway => gateway.Port)];
        _looking = Task.WhenAll(cluster.Gateways.Select(LookAsync));
    }

    /// <summary>Returns when clients are led to a gateway again.</summary>
    public Task LeadsTo(CloudiaProcess gateway) => Patience.Until<object>(
        _ =>
        {
            lock (_gate) return Task.FromResult<object?>(_ready.Contains(gateway.Port) ? gateway : null);
        },
        "the gateway to be seen as ready",
        gateway.Tail);

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _looking;
        _enough.Dispose();
    }

    private async Task LookAsync(CloudiaProcess gateway)
    {
        using var http = new HttpClient();
        using var pause = new PeriodicTimer(Every, TimeProvider.System);
        try
        {
            while (await pause.WaitForNextTickAsync(_enough.Token))
            {
                Lead(gateway.Port, await IsReadyAsync(http, new Uri(gateway.Address, "/health/ready"), _enough.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // Looked at for long enough.
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri address, CancellationToken cancellation)
    {
        try
        {
            using var answer = await http.GetAsync(address, cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or SocketException)
        {
            return false;
        }
    }

    private void Lead(int port, bool ready)
    {
        lock (_gate)
        {
            if (ready ? _ready.Add(port) : _ready.Remove(port)) _front.Lead([.. _ready]);
        }
    }
}
