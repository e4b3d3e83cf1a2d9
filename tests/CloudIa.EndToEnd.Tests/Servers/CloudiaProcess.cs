using System.Globalization;
using CloudIa.EndToEnd.Tests.Backends;

namespace CloudIa.EndToEnd.Tests.Servers;

/// <summary>
/// <c>cloudia serve</c> as its own process on a port and a data folder that outlive it: killed and started
/// again it is the same server to its clients.
/// </summary>
internal sealed class CloudiaProcess : IInstallation
{
    private readonly CloudiaSettings _settings;
    private readonly DirectoryInfo? _ownFolder;
    private readonly HttpClient _health = new() { Timeout = TimeSpan.FromSeconds(10) };
    private ChildProcess? _child;

    private CloudiaProcess(CloudiaSettings settings, string? dataFolder)
    {
        _settings = settings;
        if (dataFolder is null)
        {
            _ownFolder = Directory.CreateTempSubdirectory("cloudia-e2e-");
            dataFolder = _ownFolder.FullName;
        }

        DataFolder = dataFolder;
        Port = FreePorts.Next();
        Address = new Uri($"http://127.0.0.1:{Port}");
    }

    public int Port { get; }

    public Uri Address { get; }

    public Uri Door => Address;

    IReadOnlyList<Uri> IInstallation.Workers => [Address];

    public string DataFolder { get; }

    public string? AdminToken => null;

    public string Errors => _child?.Errors ?? "";

    public string Output => _child?.Output ?? "";

    /// <summary>A server that is ready. With a data folder given, that folder is somebody else's to delete.</summary>
    public static async Task<CloudiaProcess> Start(CloudiaSettings? settings = null)
    {
        var server = new CloudiaProcess(settings ?? new CloudiaSettings(), null);
        try
        {
            await server.StartAgain();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A server that is expected not to come up.</summary>
    public static CloudiaProcess StartUnready(string dataFolder)
    {
        var server = new CloudiaProcess(new CloudiaSettings(), dataFolder);
        server.Launch();
        return server;
    }

    /// <summary>Another process, the same port and data; returns when it is ready.</summary>
    public async Task StartAgain()
    {
        Launch();
        await Ready();
    }

    /// <summary>Starts the process and waits for nothing.</summary>
    public void Launch()
    {
        _child?.Dispose();
        _child = Repository.Run(
            ["serve", "--port", Port.ToString(CultureInfo.InvariantCulture), "--data", DataFolder], _settings);
    }

    public async Task Ready()
    {
        await Patience.Until<object>(
            async cancel =>
            {
                if (_child!.HasExited) throw new InvalidOperationException("The server ended at its start. " + Tail());
                try
                {
                    using var answer = await _health.GetAsync(new Uri(Address, "/health/ready"), cancel);
                    return answer.IsSuccessStatusCode ? answer : null;
                }
                catch (Exception notYet) when (notYet is HttpRequestException || (notYet is TaskCanceledException && !cancel.IsCancellationRequested))
                {
                    return null;
                }
            },
            "the server to be ready",
            Tail,
            within: TimeSpan.FromMinutes(3));
    }

    /// <summary>Resident memory of the process, in bytes.</summary>
    public long ResidentBytes()
    {
        var line = File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_child!.Id}/status"))
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    public void KillNine() => _child!.KillNine();

    public void AskToStop() => _child!.AskToStop();

    /// <summary>SIGSTOP: it sleeps, and knows nothing of it.</summary>
    public void Freeze() => _child!.Freeze();

    public void Thaw() => _child!.Thaw();

    public Task<int> Exit(TimeSpan? within = null) => _child!.Exit(within);

    /// <summary>Another process in its place, once it has ended in good order.</summary>
    public async Task ReplaceAsync()
    {
        AskToStop();
        await Exit();
        await StartAgain();
    }

    public Task PutIntoQueue(params RawMessage[] messages)
    {
        KillNine();
        QueueFile.Add(DataFolder, messages);
        return StartAgain();
    }

    public string Tail() => _child?.Tail() ?? "The server was never started.";

    public ValueTask DisposeAsync()
    {
        _child?.Dispose();
        _health.Dispose();
        _ownFolder?.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
