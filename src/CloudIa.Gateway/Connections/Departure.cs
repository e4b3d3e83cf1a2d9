using Microsoft.Extensions.Hosting;

namespace CloudIa.Gateway.Connections;

/// <summary>
/// The grace between a process's word that it is not ready any more and its end: nothing of the host is stopped meanwhile,
/// so that no request fails because whoever stands before it has not looked yet.
/// </summary>
internal sealed class Departure(ConnectionRegistry connections, GatewayOptions options, TimeProvider time) : IHostedLifecycleService
{
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        connections.Stop();
        try
        {
            await Task.Delay(options.Grace, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The host has no more time.
        }

        connections.Leave();
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
